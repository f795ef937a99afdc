import { describe, expect, it } from "vitest";
import { applyFieldConfig, readFieldConfig } from "../../data/field-config";
import { frameOf } from "../../data/frame";
import { modelOf } from "./model";
import { readStyle } from "./style";

function linesWith(defaults: object, ...values: number[][]) {
  const frames = values.map((own, index) =>
    frameOf(
      [
        { name: "Time", type: "time", values: own.map((_, at) => at), config: {} },
        { name: "Value", type: "number", values: own, config: { displayNameFromDS: `s${index}` } },
      ],
      { meta: { type: "timeseries" } },
    ),
  );
  return modelOf(applyFieldConfig(frames, readFieldConfig({ defaults })), { fromMs: 0, toMs: 10 }).lines;
}

describe("the colour of a series", () => {
  it.each([
    ["fixed", { mode: "fixed", fixedColor: "purple" }, ["var(--gh-series-8)", "var(--gh-series-8)"]],
    [
      "a shade",
      { mode: "shades", fixedColor: "red" },
      ["var(--gh-error)", "color-mix(in oklab, var(--gh-error) 75%, var(--gh-text))"],
    ],
    [
      "that of its last value in a scheme",
      { mode: "continuous-GrYlRd" },
      ["var(--gh-ok)", "var(--gh-error)"],
    ],
    [
      "that of its largest value in a scheme",
      { mode: "continuous-GrYlRd", seriesBy: "max" },
      ["var(--gh-error)", "var(--gh-error)"],
    ],
    ["that of its name", { mode: "palette-classic" }, ["var(--gh-series-3)", "var(--gh-series-6)"]],
  ])("may be %s", (_what, color, expected) => {
    const lines = linesWith({ color, min: 0, max: 10 }, [10, 0], [5, 10]);
    if (color.mode === "palette-classic") expect(new Set(lines.map((line) => line.color)).size).toBe(2);
    else expect(lines.map((line) => line.color)).toEqual(expected);
  });
});

describe("the style of a series", () => {
  it.each([
    [{}, { align: 0, width: 0.86 }],
    [
      { barAlignment: -1, barWidthFactor: 0.5 },
      { align: -1, width: 0.5 },
    ],
    [
      { barAlignment: 1, barWidthFactor: 7 },
      { align: 1, width: 1 },
    ],
    [
      { barAlignment: "x", barWidthFactor: null },
      { align: 0, width: 0.86 },
    ],
  ])("has for %j bars with %j", (custom, bar) => expect(readStyle({ custom }).bar).toEqual(bar));
  it.each([
    ["opacity", "opacity"],
    ["hue", "hue"],
    ["scheme", "scheme"],
    ["<b>", "none"],
  ])("has the gradient %s as %s", (gradientMode, expected) => {
    expect(readStyle({ custom: { gradientMode } }).gradient).toBe(expected);
  });
  it.each([
    [{}, { grid: null, colored: false }],
    [
      { axisGridShow: false, axisColorMode: "series" },
      { grid: false, colored: true },
    ],
    [
      { axisGridShow: true, axisColorMode: "text" },
      { grid: true, colored: false },
    ],
  ])("has for %j an axis with %j", (custom, axis) => {
    expect(readStyle({ custom }).axis).toMatchObject(axis);
  });
  it.each([
    [true, ["connect", Number.POSITIVE_INFINITY, null]],
    [60_000, ["connect", 60_000, null]],
    [false, ["gap", Number.POSITIVE_INFINITY, 5_000]],
  ])("connects %j", (spanNulls, expected) => {
    const { nulls, connectMsMax, gapMs } = readStyle({
      custom: { spanNulls, insertNulls: spanNulls ? false : 5_000 },
    });
    expect([nulls, connectMsMax, gapMs]).toEqual(expected);
  });
  it("has the colours of its values with the gradient scheme", () => {
    const custom = { gradientMode: "scheme" };
    const steps = [{ value: null, color: "green" }];
    const kinds = [
      { mode: "continuous-GrYlRd" },
      { mode: "thresholds" },
      { mode: "fixed", fixedColor: "red" },
    ].map(
      (color) =>
        linesWith({ color, custom, thresholds: { mode: "absolute", steps } }, [1])[0]?.valueColors?.kind,
    );
    expect(kinds).toEqual(["scheme", "thresholds", undefined]);
  });
  it("is broken at longer distances than it allows", () => {
    const values = Array.from({ length: 2 }, () => 1);
    const [line] = linesWith({ custom: { insertNulls: 0.5 } }, values);
    expect(line?.values).toEqual([1, null, 1]);
  });
});
