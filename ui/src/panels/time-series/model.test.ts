import { describe, expect, it } from "vitest";
import { applyFieldConfig, readFieldConfig } from "../../data/field-config";
import { type Frame, frameOf } from "../../data/frame";
import { colorOf } from "../colors";
import { picked } from "../legend";
import { align } from "./align";
import { LINES_MAX, modelOf } from "./model";
import { extent } from "./ranges";
import { stacked } from "./stack";

const RANGE = { fromMs: 1_000_000, toMs: 1_060_000 };
const STEP = 10_000;

function series(name: string, points: [number, number | null][], config = {}): Frame {
  return frameOf(
    [
      { name: "Time", type: "time", values: points.map(([time]) => time), config: { interval: STEP } },
      {
        name: "Value",
        type: "number",
        values: points.map(([, value]) => value),
        config: { displayNameFromDS: name, ...config },
      },
    ],
    { meta: { type: "timeseries" } },
  );
}
const values = (...given: (number | null)[]) =>
  given.map((value, index): [number, number | null] => [RANGE.fromMs + index * STEP, value]);
const configured = (frames: Frame[], defaults: object) =>
  applyFieldConfig(frames, readFieldConfig({ defaults }));

describe("the series of a chart", () => {
  it("are aligned to the same times, with gaps", () => {
    const model = modelOf(
      [
        series("a", [
          [1_000_000, 1],
          [1_020_000, 3],
          [1_060_000, Number.POSITIVE_INFINITY],
        ]),
        series("b", [[1_010_000, Number.NaN]]),
      ],
      RANGE,
    );
    expect(model.times).toHaveLength(7);
    expect(model.lines[0]?.values).toEqual([1, null, 3, null, null, null, null]);
    expect(model.lines[0]?.reduced).toMatchObject({ lastNotNull: 3, min: 1, max: 3, mean: 2 });
    expect(model.lines[1]?.reduced).toMatchObject({ lastNotNull: null, mean: null });
  });
  it("are bounded in number, and the total is known", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => series(String(index), values(1)));
    const model = modelOf(many, RANGE);
    expect(model.lines).toHaveLength(LINES_MAX);
    expect(model.total).toBe(1_000);
  });
  it("have the colour of their name, a fixed one, or that of a threshold", () => {
    const [plain] = modelOf([series("api", values(1))], RANGE).lines;
    expect(plain?.color).toBe(colorOf("api"));
    const fixed = configured([series("api", values(1))], {
      color: { mode: "fixed", fixedColor: "semi-dark-red" },
    });
    expect(modelOf(fixed, RANGE).lines[0]?.color).toBe("color-mix(in srgb, var(--gh-error), black 20%)");
    const steps = [
      { value: null, color: "green" },
      { value: 80, color: "red" },
    ];
    const stepped = configured([series("api", values(1, 90))], {
      color: { mode: "thresholds" },
      thresholds: { mode: "absolute", steps },
    });
    expect(modelOf(stepped, RANGE).lines[0]?.color).toBe("var(--gh-error)");
  });
  it("show one series alone, toggle series, and show all again", () => {
    expect(picked([true, true, true], 1, false)).toEqual([false, true, false]);
    expect(picked([false, true, false], 1, false)).toEqual([true, true, true]);
    expect(picked([false, true, false], 0, true)).toEqual([true, true, false]);
  });
});

describe("times", () => {
  it("without a common distance are joined, with a gap where one is missing", () => {
    const joined = align([
      { times: [0, 10, 40], values: [1, 2, 3], interval: 10 },
      { times: [5], values: [9], interval: undefined },
    ]);
    expect(joined).toEqual({
      times: [0, 5, 10, 20, 40],
      values: [
        [1, undefined, 2, null, 3],
        [undefined, 9, undefined, undefined, undefined],
      ],
    });
  });
});

describe("scales", () => {
  it("are one per unit: the first on the left, others on the right", () => {
    const frames = [
      series("a", values(1), { unit: "s" }),
      series("b", values(1), { unit: "bytes" }),
      series("c", values(1), { unit: "s" }),
    ];
    const { scales, lines } = modelOf(frames, RANGE);
    expect(scales.map(({ unit, side }) => [unit, side])).toEqual([
      ["s", "left"],
      ["bytes", "right"],
    ]);
    expect(lines.map(({ scale }) => scales.findIndex(({ key }) => key === scale))).toEqual([0, 1, 0]);
  });
  it("may be logarithmic, hidden and limited", () => {
    const custom = { scaleDistribution: { type: "log", log: 2 }, axisPlacement: "hidden" };
    const frames = configured([series("a", values(1))], { min: 1, custom });
    expect(modelOf(frames, RANGE).scales[0]).toMatchObject({
      side: null,
      min: 1,
      distribution: { type: "log", base: 2 },
    });
  });
});

describe("a stack", () => {
  const stackOf = (mode: string, ...frames: Frame[]) => {
    const { lines } = modelOf(configured(frames, { custom: { stacking: { mode } } }), RANGE);
    return stacked(
      lines,
      lines.map(({ name }) => name !== "hidden"),
    );
  };
  it("sums the series below, without those that are hidden; a missing value adds nothing", () => {
    const { values: sums, bands } = stackOf(
      "normal",
      series("a", values(1, 2)),
      series("hidden", values(50, 50)),
      series("b", values(null, 3)),
    );
    expect(sums).toEqual([
      [1, 2],
      [50, 50],
      [1, 5],
    ]);
    expect(bands).toEqual([{ upper: 2, lower: 0, negative: false }]);
  });
  it("of negative series goes down from zero", () => {
    const { values: sums, bands } = stackOf(
      "normal",
      series("a", values(1, 1)),
      series("b", values(-1, 0)),
      series("c", values(-2, -2)),
    );
    expect(sums).toEqual([
      [1, 1],
      [-1, 0],
      [-3, -2],
    ]);
    expect(bands).toEqual([{ upper: 2, lower: 1, negative: true }]);
  });
  it("goes down from zero with series that are drawn below it", () => {
    const frames = [
      ...configured([series("in", values(1)), series("more", values(2))], {
        custom: { stacking: { mode: "normal" } },
      }),
      ...configured([series("out", values(3)), series("less", values(4))], {
        custom: { stacking: { mode: "normal" }, transform: "negative-Y" },
      }),
    ];
    const { lines } = modelOf(frames, RANGE);
    const { values: sums, bands } = stacked(lines, [true, true, true, true]);
    expect(sums).toEqual([[1], [3], [-3], [-7]]);
    expect(bands.map(({ negative }) => negative)).toEqual([false, true]);
    expect(lines[2]?.values).toEqual([3]);
  });
  it("may be of shares, whose axis is in percent", () => {
    const frames = configured([series("a", values(1)), series("b", values(3))], {
      unit: "s",
      custom: { stacking: { mode: "percent" } },
    });
    const { lines, scales } = modelOf(frames, RANGE);
    expect(stacked(lines, [true, true]).values).toEqual([[0.25], [1]]);
    expect(scales[0]?.unit).toBe("percentunit");
  });
});

describe("a band between two series", () => {
  const frames = [
    ...configured([series("p95", values(9))], { custom: { fillBelowTo: "p50" } }),
    series("p50", values(5)),
  ];
  it.each([
    ["is filled", [true, true], [{ upper: 0, lower: 1, negative: false }]],
    ["is not filled when one of them is hidden", [true, false], []],
  ])("%s", (_case, shown, bands) => {
    expect(stacked(modelOf(frames, RANGE).lines, shown).bands).toEqual(bands);
  });
});

describe("the ends of a scale", () => {
  const scaleOf = (defaults: object) => {
    const [scale] = modelOf(configured([series("a", values(1))], defaults), RANGE).scales;
    if (!scale) throw new Error("no scale");
    return scale;
  };
  it.each<[string, object, [number | null, number | null], [number, number]]>([
    ["include zero near it", {}, [1, 10], [0, 10.72]],
    ["are fixed", { min: -1, max: 20 }, [1, 10], [-1, 20]],
    ["reach at least to soft limits", { custom: { axisSoftMax: 50 } }, [1, 10], [0, 50]],
    ["have zero in the middle", { custom: { axisCenteredZero: true } }, [-20, 10], [-21.8, 21.8]],
    ["are powers of the base", { custom: { scaleDistribution: { type: "log" } } }, [3, 250], [1, 1_000]],
  ])("%s", (_case, defaults, [low, high], expected) => {
    const found = extent(scaleOf(defaults), low, high);
    expect(found.map((end) => Math.round(end * 100) / 100)).toEqual(expected);
  });
});

describe("missing values", () => {
  it.each([
    [{}, "gap", Number.POSITIVE_INFINITY],
    [{ custom: { spanNulls: true } }, "connect", Number.POSITIVE_INFINITY],
    [{ custom: { spanNulls: 60_000 } }, "connect", 60_000],
    [{ nullValueMode: "null as zero" }, "zero", Number.POSITIVE_INFINITY],
  ])("with %j: %s", (defaults, nulls, connectMsMax) => {
    const [line] = modelOf(configured([series("a", values(1, null))], defaults), RANGE).lines;
    expect(line?.style).toMatchObject({ nulls, connectMsMax });
    expect(stacked(line ? [line] : [], [true]).values[0]).toEqual(nulls === "zero" ? [1, 0] : [1, null]);
  });
});

describe("exemplars", () => {
  const frame = (points: [number, number][], config = {}): Frame => {
    const [time, value] = series("", points).fields;
    return frameOf(
      [
        time,
        { ...value, config },
        { name: "spanId", type: "string", values: points.map(() => "b7"), config: {} },
      ] as Frame["fields"],
      { meta: { type: "exemplars" } },
    );
  };
  it("are the largest of each time bucket", () => {
    const many = Array.from({ length: 1_000 }, (_, index): [number, number] => [
      RANGE.fromMs + index * 60,
      index,
    ]);
    const { exemplars } = modelOf([frame(many)], RANGE);
    expect(exemplars.length).toBeLessThanOrEqual(182);
    expect(exemplars[0]).toMatchObject({ value: 999, spanId: "b7" });
  });
  it("share the scale of the series with their unit", () => {
    const { scales, exemplars } = modelOf(
      [series("a", values(1), { unit: "s" }), frame([[1_000_000, 9]], { unit: "s" })],
      RANGE,
    );
    expect(scales).toHaveLength(1);
    expect(exemplars[0]?.scale).toBe(scales[0]?.key);
    expect(scales[0]?.reach).toBe(9);
  });
  it("of several units have an axis each", () => {
    const { scales, exemplars } = modelOf(
      [series("a", values(1)), frame([[1_000_000, 9]], { unit: "s" }), frame([[1_010_000, 800]])],
      RANGE,
    );
    expect(scales.map(({ side, reach }) => [side, reach])).toEqual([
      ["left", null],
      ["right", 800],
      ["right", 9],
    ]);
    expect(new Set(exemplars.map(({ scale }) => scale)).size).toBe(2);
  });
});
