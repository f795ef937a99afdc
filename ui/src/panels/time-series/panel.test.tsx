import { screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stubCanvas } from "../../testing/canvas";
import { type Answers, renderPage } from "../../testing/render";
import { createCrosshair } from "../crosshair";

const now = Math.floor(Date.now() / 1_000);
const series = (metric: object, value: number) => ({
  metric,
  values: [
    [now - 60, String(value)],
    [now - 45, String(value)],
  ],
});
const answers = (value: number): Answers => ({
  "/prometheus/api/v1/query_range": {
    data: { resultType: "matrix", result: [series({ job: "<b>a</b>" }, value), series({ job: "b" }, 9)] },
  },
});

beforeEach(() => {
  stubCanvas();
  // The simulated DOM has no layout: every element is 600 by 300 pixels.
  class Observer {
    readonly #report: ResizeObserverCallback;
    constructor(report: ResizeObserverCallback) {
      this.#report = report;
    }
    observe() {
      const contentRect = { width: 600, height: 300, top: 0, left: 0 };
      this.#report([{ contentRect } as ResizeObserverEntry], this as unknown as ResizeObserver);
    }
    unobserve() {}
    disconnect() {}
  }
  vi.stubGlobal("ResizeObserver", Observer);
});
afterEach(() => vi.restoreAllMocks());

const canvas = () => document.querySelector(".uplot canvas");

describe("the time series panel", () => {
  it("keeps its canvas when the view is refreshed", async () => {
    const { user } = renderPage("/explore/metrics?expr=up", answers(1));
    await waitFor(() => expect(canvas()).toBeTruthy());
    const before = canvas();
    const requests = vi.fn(async () => Response.json(answers(7)["/prometheus/api/v1/query_range"]));
    vi.stubGlobal("fetch", requests);
    await user.click(screen.getByRole("button", { name: "Refresh now" }));
    await waitFor(() => expect(screen.getAllByText("7").length).toBeGreaterThan(0));
    expect(canvas()).toBe(before);
  });
  it("shows the names of series as text, and the sort of the legend is in the URL", async () => {
    const { user, search } = renderPage("/explore/metrics?expr=up&legend=-max", answers(1));
    expect(await screen.findByRole("button", { name: "<b>a</b>" })).toBeTruthy();
    const header = () => screen.getByRole("columnheader", { name: /^Max/ });
    expect(header().getAttribute("aria-sort")).toBe("descending");
    await user.click(screen.getByRole("button", { name: /^Max/ }));
    await waitFor(() => expect(search().legend).toBe("max"));
    await waitFor(() => expect(header().getAttribute("aria-sort")).toBe("ascending"));
  });
});

describe("a shared crosshair", () => {
  it("tells all listeners where the pointer is, and who has it", () => {
    const crosshair = createCrosshair(true);
    const heard = vi.fn();
    const leave = crosshair.listen(heard);
    crosshair.move(1_000, "a");
    expect(heard).toHaveBeenCalledWith(1_000, "a");
    leave();
    crosshair.move(2_000, "a");
    expect(heard).toHaveBeenCalledOnce();
  });
});
