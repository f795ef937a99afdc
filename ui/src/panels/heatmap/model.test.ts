import { describe, expect, it } from "vitest";
import { type Frame, frameOf } from "../../data/frame";
import { paletteOf } from "./colors";
import { heatmapOf } from "./model";
import { readHeatmapOptions } from "./options";

const RANGE = { fromMs: 0, toMs: 240_000 };

function series(values: (number | null)[], labels: Record<string, string> = {}): Frame {
  const times = values.map((_, index) => (index + 1) * 60_000);
  return frameOf(
    [
      { name: "Time", type: "time", values: times, config: { interval: 60_000 } },
      { name: "Value", type: "number", values, labels, config: {} },
    ],
    { meta: { type: "timeseries" } },
  );
}
const BUCKETS = [series([5, 9], { le: "+Inf" }), series([1, 2], { le: "0.5" }), series([3, 9], { le: "10" })];
const map = (frames: Frame[], options: object = {}) => heatmapOf(frames, readHeatmapOptions(options), RANGE);

describe("a heatmap", () => {
  it("has a row for each bucket, between its bound and the one below", () => {
    const found = map(BUCKETS);
    expect(found?.rows.map(({ from, to }) => [from, to])).toEqual([
      [null, 0.5],
      [0.5, 10],
      [10, Number.POSITIVE_INFINITY],
    ]);
    // A value is that of the interval before its time.
    expect(found?.times).toEqual([0, 60_000]);
    expect(found).toMatchObject({ stepMs: 60_000, min: 1, max: 9 });
  });
  it("has rows in the order of the series when they are no buckets", () => {
    const found = map([series([1], { job: "web" }), series([2], { job: "api" })]);
    expect(found?.rows.map(({ name, to }) => [name, to])).toEqual([
      ["web", null],
      ["api", null],
    ]);
  });
  it("has the buckets of native histograms, of which those of several series are added", () => {
    const histogram = (...buckets: [number, number, number][][]) => {
      const frame = series(buckets.map(() => 0));
      const values = buckets.map((all) => all.map(([from, to, count]) => ({ from, to, count })));
      return {
        ...frame,
        fields: [...frame.fields, { name: "buckets", type: "other" as const, values, config: {} }],
      };
    };
    const found = map([histogram([[1, 2, 5]], [[2, 4, 7]]), histogram([[1, 2, 1]])]);
    expect(found?.rows.map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(found?.cells).toEqual([
      [6, null],
      [null, 7],
    ]);
  });
  it("counts values in buckets of a size when it is calculated", () => {
    const calculation = { xBuckets: { mode: "size", value: "2m" }, yBuckets: { mode: "size", value: "10" } };
    const found = map([series([1, 2, 15]), series([null, 9, 29])], { calculate: true, calculation });
    expect(found?.rows.map(({ from, to }) => [from, to])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
    expect(found?.cells).toEqual([
      [1, 2],
      [null, 1],
      [null, 1],
    ]);
  });
  it("has logarithmic buckets, without values that have none", () => {
    const calculation = { yBuckets: { scale: { type: "log", log: 10 } } };
    const found = map([series([0, 5, 500])], { calculate: true, calculation });
    expect(found?.rows.map(({ to }) => Math.round(to ?? 0))).toEqual([10, 100, 1_000]);
  });
  it("has many buckets for values that are far apart, but not too many", () => {
    const calculation = { yBuckets: { mode: "size", value: "1" } };
    const found = map([series([0, 1e9])], { calculate: true, calculation });
    expect(found?.rows.length).toBeLessThanOrEqual(202);
  });
  it("is none without series over time", () => {
    expect(map([])).toBeNull();
    expect(map([series([null])], { calculate: true })).toBeNull();
  });
});

describe("the colours of a heatmap", () => {
  const palette = (color: object, max = 100) => {
    const found = map([series([0, max])]);
    if (!found) throw new Error("there is no heatmap");
    return paletteOf(readHeatmapOptions({ color }), found);
  };
  it("show more of small values with an exponent below 1", () => {
    expect(palette({ steps: 101, exponent: 0.5 }).indexOf(25)).toBe(50);
    expect(palette({ steps: 101, scale: "linear", exponent: 0.5 }).indexOf(25)).toBe(25);
  });
  it("go from the first hue of a scheme to its last, or back", () => {
    expect(palette({ scheme: "RdYlGn", steps: 3 }).colors).toEqual([
      "var(--gh-error)",
      "var(--gh-series-5)",
      "var(--gh-ok)",
    ]);
    expect(palette({ scheme: "RdYlGn", steps: 3, reverse: true }).colors[0]).toBe("var(--gh-ok)");
  });
  it.each([
    "Oranges",
    "Blues",
    "Greys",
    "Spectral",
    "Turbo",
    "Viridis",
    "Magma",
    "RdYlBu",
    "BuPu",
    "YlOrRd",
    "unknown",
  ])("are made of tokens for %s", (scheme) => {
    for (const color of palette({ scheme }).colors) expect(color).not.toMatch(/#|undefined|NaN/);
  });
  it("stay within a fixed range", () => {
    const { indexOf } = palette({ min: 10, max: 20, steps: 2 });
    expect([indexOf(-5), indexOf(50)]).toEqual([0, 1]);
  });
});
