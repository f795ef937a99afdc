import { describe, expect, it } from "vitest";
import { displayText, displayValue } from "./display";
import { displayName } from "./display-name";
import { applyFieldConfig, readFieldConfig } from "./field-config";
import { type Field, type Frame, frameOf, noticesOf } from "./frame";
import { reduce } from "./reduce";

const value = (labels: Record<string, string>, values: (number | null)[] = [1, 2]): Field => ({
  name: "Value",
  type: "number",
  values,
  labels,
  config: {},
});
const FRAMES: Frame[] = [
  frameOf([value({ model: "a" })], { refId: "A" }),
  frameOf([value({ model: "b" }, [-1, null])], { refId: "B" }),
];
const applied = (raw: unknown, frames = FRAMES) =>
  applyFieldConfig(frames, readFieldConfig(raw)).map(({ fields }) => fields[0]?.config);

describe("a field configuration", () => {
  it("is read tolerantly", () => {
    expect(readFieldConfig(null)).toEqual({ defaults: {}, overrides: [] });
    const { defaults } = readFieldConfig({
      defaults: {
        unit: "s",
        decimals: "two",
        surprise: 1,
        thresholds: {
          mode: "absolute",
          steps: [
            { value: 80, color: "red" },
            { value: null, color: "green" },
          ],
        },
        mappings: [{ type: "value", options: { 1: { text: "up" } } }, { type: "unknown" }, null],
      },
    });
    expect(defaults).toEqual({
      unit: "s",
      mappings: [{ type: "value", options: { 1: { text: "up" } } }],
      thresholds: {
        mode: "absolute",
        steps: [
          { value: Number.NEGATIVE_INFINITY, color: "green" },
          { value: 80, color: "red" },
        ],
      },
    });
  });
  it("applies defaults, then the overrides in their order", () => {
    const override = (id: string, options: unknown, ...properties: [string, unknown][]) => ({
      matcher: { id, options },
      properties: properties.map(([key, wanted]) => ({ id: key, value: wanted })),
    });
    const configs = applied({
      defaults: { unit: "s", custom: { lineWidth: 1, lineStyle: { fill: "solid" } } },
      overrides: [
        override("byType", "number", ["unit", "ms"]),
        override("byName", "b", ["unit", "bytes"], ["custom.lineStyle.fill", "dash"]),
        override("byFrameRefID", "B", ["displayName", "second"]),
        override("byRegexp", "/^SEC/i", ["decimals", 3]),
        override("byValue", { reducer: "min", op: "<", value: 0 }, ["custom.axisPlacement", "right"]),
        override("byValue", { reducer: "min", op: "lt", value: 0 }, ["min", 5]),
        override("byNames", { mode: "exclude", names: ["a"] }, ["max", 9]),
        override("byName", "a", ["custom.__proto__.polluted", true], ["nothing", 1]),
      ],
    });
    expect(configs).toEqual([
      { unit: "ms", custom: { lineWidth: 1, lineStyle: { fill: "solid" } } },
      {
        unit: "bytes",
        displayName: "second",
        decimals: 3,
        max: 9,
        min: 5,
        custom: { lineWidth: 1, lineStyle: { fill: "dash" }, axisPlacement: "right" },
      },
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
  it("is that of series, and not of exemplars", () => {
    const exemplars = frameOf([{ ...value({}), config: { unit: "s" } }], {
      refId: "A",
      meta: { type: "exemplars" },
    });
    const override = {
      matcher: { id: "byFrameRefID", options: "A" },
      properties: [{ id: "unit", value: "reqps" }],
    };
    const raw = { defaults: { decimals: 1 }, overrides: [override] };
    expect(applied(raw, [...FRAMES.slice(0, 1), exemplars])).toMatchObject([
      { unit: "reqps" },
      { unit: "s" },
    ]);
  });
  it("keeps what the source says of a field", () => {
    const frame = frameOf([{ ...value({}), config: { unit: "bytes" } }]);
    expect(applied({ defaults: { unit: "s", decimals: 1 } }, [frame])[0]).toMatchObject({
      unit: "bytes",
      decimals: 1,
    });
  });
});

describe("the name of a field", () => {
  const named = (config: Field["config"], labels = {}) =>
    displayName({ ...value(labels), config } as Field, FRAMES[0] as Frame);
  it.each([
    [{ displayName: "x", displayNameFromDS: "y" }, {}, "x"],
    [{ displayNameFromDS: "y" }, {}, "y"],
    [{}, { job: "api" }, "api"],
    [{}, { job: "api", code: "5" }, '{job="api", code="5"}'],
    [{}, {}, "Value"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
    [{ displayName: "${__field.labels.job} ${__field.name}" }, { job: "<b>" }, "<b> Value"],
  ])("%j with labels %j is %s", (config, labels, expected) => expect(named(config, labels)).toBe(expected));
});

describe("a value", () => {
  const config = readFieldConfig({
    defaults: {
      unit: "percent",
      min: 0,
      max: 200,
      noValue: "–",
      color: { mode: "thresholds" },
      thresholds: {
        mode: "percentage",
        steps: [
          { value: null, color: "green" },
          { value: 50, color: "red" },
        ],
      },
      mappings: [
        { type: "value", options: { "7": { text: "seven", color: "blue" } } },
        { type: "range", options: { from: 190, to: null, result: { text: "full" } } },
        { type: "regex", options: { pattern: "^(.*)[.]example$", result: { text: "host $1" } } },
        { type: "special", options: { match: "nan", result: { text: "not a number" } } },
      ],
    },
  }).defaults;
  it.each([
    [12, "12%", "green"],
    [100, "100%", "red"],
    [7, "seven", "blue"],
    [195, "full", "red"],
    ["web.example", "host web", undefined],
    [Number.NaN, "not a number", undefined],
    [null, "–", undefined],
    ["<img>", "<img>", undefined],
  ])("%s is shown as %s in %s", (given, text, color) => {
    expect(displayText(given, config)).toBe(text);
    expect(displayValue(given, config).color).toBe(color);
  });
});

describe("reducers", () => {
  it("leave out nulls, except for the first, the last and the number of values", () => {
    expect(reduce([null, 4, 1, Number.NaN, 7, null])).toEqual({
      first: null,
      firstNotNull: 4,
      last: null,
      lastNotNull: 7,
      min: 1,
      max: 7,
      mean: 4,
      sum: 12,
      count: 6,
      range: 6,
      diff: 3,
      allIsNull: false,
      allIsZero: false,
    });
    expect(reduce([null])).toMatchObject({ mean: null, sum: null, allIsNull: true, allIsZero: false });
    expect(reduce([0, 0])).toMatchObject({ allIsZero: true });
  });
});

describe("the notices of frames", () => {
  it("are listed once", () => {
    const notice = { severity: "warning" as const, text: "x" };
    const meta = { notices: [notice] };
    expect(noticesOf([frameOf([], { meta }), frameOf([], { meta })])).toEqual([notice]);
  });
});
