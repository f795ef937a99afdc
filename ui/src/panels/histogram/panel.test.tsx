import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Frame } from "../../data/frame";
import { stubSizes } from "../../testing/layout";
import { drawnChart, numbers, renderPanel, table } from "../../testing/panels";
import { PanelView } from "../panel-view";
import { histogramOf } from "./model";
import { readHistogramOptions } from "./options";

beforeEach(() => stubSizes(400, 200));

const FRAMES = [numbers("a", [0, 1, 11, null]), numbers("b", [12, 25])];
const of = (options: object, frames: Frame[] = FRAMES) => histogramOf(frames, readHistogramOptions(options));

describe("a histogram", () => {
  it("counts the values of each field in buckets of a size", () => {
    const found = of({ bucketSize: 10 });
    expect(found?.bounds).toEqual([0, 10, 20, 30]);
    expect(found?.series.map(({ name, counts }) => [name, counts])).toEqual([
      ["a", [2, 1, 0]],
      ["b", [0, 1, 1]],
    ]);
  });
  it("begins buckets at an offset", () => {
    expect(of({ bucketSize: 10, bucketOffset: 5 })?.bounds).toEqual([-5, 5, 15, 25, 35]);
  });
  it("counts all fields together", () => {
    expect(of({ bucketSize: 10, combine: true })?.series).toMatchObject([
      { name: "Count", counts: [2, 2, 1] },
    ]);
  });
  it("has about as many buckets as wanted, of a round size", () => {
    const found = of({ bucketCount: 5 }, [numbers("a", [0, 97])]);
    expect(found?.bounds).toEqual([0, 20, 40, 60, 80, 100]);
  });
  it("has the buckets of an answer that counts itself", () => {
    const found = of({}, [table({ xMin: [0, 5], xMax: [5, 10], requests: [3, 4] })]);
    expect(found).toMatchObject({ bounds: [0, 5, 10], series: [{ name: "requests", counts: [3, 4] }] });
  });
  it.each([[[7]], [[7, 7]], [[1e-300, 1e300]]])("stays finite for %j", (values) => {
    const found = of({}, [numbers("a", values)]);
    expect(found?.bounds.length).toBeLessThanOrEqual(1_002);
    expect(found?.series[0]?.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
  });
});

describe("the histogram panel", () => {
  it("says in words where most values are", async () => {
    renderPanel(<PanelView type="histogram" frames={FRAMES} options={{ bucketSize: 10 }} />);
    expect(
      await screen.findByRole("img", { name: /Histogram of a, b in 3 buckets; .* 0 – 10$/ }),
    ).toBeTruthy();
  });
  it("shows the counts of the bucket under the pointer", async () => {
    renderPanel(<PanelView type="histogram" frames={FRAMES} options={{ bucketSize: 10 }} />);
    await drawnChart();
    fireEvent.pointerMove(screen.getByRole("img"), { clientX: 200, clientY: 20 });
    expect(screen.getByRole("tooltip").textContent).toBe("10 – 20a1b1");
  });
  it("shows two series of the same name", async () => {
    const errors = vi.spyOn(console, "error");
    renderPanel(<PanelView type="histogram" frames={[numbers("a", [1, 2]), numbers("a", [1, 3])]} />);
    await screen.findByRole("img");
    expect(errors).not.toHaveBeenCalled();
  });
  it("says why it is empty", async () => {
    renderPanel(<PanelView type="histogram" frames={[table({ a: ["x"] })]} />);
    expect((await screen.findByRole("status")).textContent).toMatch(/needs a numeric field/);
  });
});
