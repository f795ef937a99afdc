/** A layout for tests: the simulated DOM has none. Every observed element has the same size. */
import { vi } from "vitest";

export function stubSizes(width: number, height: number): void {
  class Observer {
    readonly #report: ResizeObserverCallback;
    constructor(report: ResizeObserverCallback) {
      this.#report = report;
    }
    observe() {
      const contentRect = { width, height, top: 0, left: 0 };
      this.#report([{ contentRect } as ResizeObserverEntry], this as unknown as ResizeObserver);
    }
    unobserve() {}
    disconnect() {}
  }
  vi.stubGlobal("ResizeObserver", Observer);
}

/** Every observed element is in the window, or none. */
export function stubVisible(visible: boolean): void {
  class Observer {
    readonly #report: IntersectionObserverCallback;
    constructor(report: IntersectionObserverCallback) {
      this.#report = report;
    }
    observe() {
      const change = { isIntersecting: visible } as IntersectionObserverEntry;
      this.#report([change], this as unknown as IntersectionObserver);
    }
    disconnect() {}
  }
  vi.stubGlobal("IntersectionObserver", Observer);
}
