/** A canvas for tests: the simulated DOM has none. It draws nothing, and records the texts and the calls. */
import { vi } from "vitest";

export interface Recorded {
  texts: string[];
  /** The names of the methods that were called. */
  calls: string[];
}

/** Every canvas is simulated until the end of the test. */
export function stubCanvas(): Recorded {
  const recorded: Recorded = { texts: [], calls: [] };
  class Path {
    rect() {}
    arc() {}
    moveTo() {}
    lineTo() {}
    closePath() {}
    addPath() {}
    bezierCurveTo() {}
  }
  const context: object = new Proxy(
    { measureText: (text: string) => ({ width: text.length * 6 }) } as Record<string, unknown>,
    {
      get: (target, name: string) => {
        if (name in target) return target[name];
        return (...given: unknown[]) => {
          recorded.calls.push(name);
          if (name === "fillText") recorded.texts.push(String(given[0]));
        };
      },
    },
  );
  vi.stubGlobal("Path2D", Path);
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  return recorded;
}
