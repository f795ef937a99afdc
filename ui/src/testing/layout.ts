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
