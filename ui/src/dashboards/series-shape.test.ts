import { describe, expect, it } from "vitest";
import { readAnswer } from "../api/prometheus";
import { displayName } from "../data/display-name";
import type { Frame } from "../data/frame";
import { seriesFrames } from "../data/sources/prometheus";
import { type SeriesShape, shapeSeries } from "./series-shape";

function answered(result: { metric: object; values: [number, string][] }[]): Frame[] {
  return seriesFrames(readAnswer({ data: { resultType: "matrix", result } }), "x", 1_000);
}

const SHAPE: SeriesShape = { refId: "A", expr: "x", unnamed: "x", legend: "", format: "", tables: 1 };
const shaped = (frames: Frame[], rest: Partial<SeriesShape>) => shapeSeries(frames, { ...SHAPE, ...rest });
const columns = ([frame]: Frame[]) => frame?.fields.map(({ name, values }) => [name, values]);

describe("a series", () => {
  const frames = answered([
    { metric: { __name__: "x", job: "a", le: "1" }, values: [[1, "2"]] },
    { metric: { __name__: "x", job: "b", le: "1" }, values: [[1, "3"]] },
  ]);
  it.each([
    ["{{job}} of {{ le }}{{missing}}", ["a of 1", "b of 1"]],
    ["text", ["text", "text"]],
    ["", ['x{job="a", le="1"}', 'x{job="b", le="1"}']],
    ["__auto", ["a", "b"]],
    ["{{missing}}", ["x", "x"]],
  ])("with the legend %j is named %j", (legend, expected) => {
    const found = shaped(frames, { legend });
    expect(found.map((frame) => displayName(frame.fields[1] as never, frame, found))).toEqual(expected);
  });
  it("without labels has the name that its source gives to such series", () => {
    const found = shaped(answered([{ metric: {}, values: [[1, "2"]] }]), { unnamed: "{}" });
    expect(found[0]?.fields[1]?.config.displayNameFromDS).toBe("{}");
  });
  it("is a row of a table", () => {
    expect(columns(shaped(frames, { format: "table", tables: 2 }))).toEqual([
      ["Time", [1_000, 1_000]],
      ["__name__", ["x", "x"]],
      ["job", ["a", "b"]],
      ["le", [1, 1]],
      ["Value #A", [2, 3]],
    ]);
  });
});

describe("a heat map", () => {
  it("has a field for each bucket, without the values of lower buckets", () => {
    const bucket = (le: string, ...values: [number, string][]) => ({ metric: { le }, values });
    const frames = answered([
      bucket("+Inf", [1, "10"], [2, "12"]),
      bucket("0.5", [1, "2"], [2, "3"]),
      bucket("1", [1, "7"]),
    ]);
    const found = shaped(frames, { format: "heatmap", legend: "{{le}}" });
    expect(found[0]?.meta.type).toBe("heatmap-rows");
    expect(columns(found)).toEqual([
      ["Time", [1_000, 2_000]],
      ["0.5", [2, 3]],
      ["1", [5, null]],
      ["+Inf", [3, 12]],
    ]);
  });
});
