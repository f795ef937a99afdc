import { describe, expect, it } from "vitest";
import { list, record, string } from "../../api/decode";
import type { Frame } from "../../data/frame";
import { type Case, corpusFile, expectCases } from "../../testing/corpus";
import { comparable, evaluated, literal, snapshot } from "../../testing/grafana-facts";
import { makeField } from "./fields";
import { isTransformation, transformFrames } from "./transform";

const FOLDER =
  "grafana-frontend/apache-facts/grafana-data/packages__grafana-data__src__transformations__transformers__";
const FILES = [
  "calculateField",
  "concat",
  "convertFieldType",
  "filter",
  "filterByName",
  "filterByRefId",
  "filterByValue",
  "groupBy",
  "groupingToMatrix",
  "histogram",
  "joinByField",
  "labelsToFields",
  "limit",
  "merge",
  "order",
  "organize",
  "reduce",
  "rename",
  "renameByRegex",
  "seriesToRows",
  "sortBy",
];

function casesOf(name: string): Case[] {
  const file = corpusFile(`${FOLDER}${name}.test.json`);
  return list(record(file).tests).flatMap((test) => {
    const { path, expects } = record(test);
    const title = `${name}: ${list(path).slice(1).join(" ")}`;
    let frames: Frame[] | null = null;
    return list(expects).flatMap((item, index): Case[] => {
      const { actual, matcher, expected } = record(item);
      const { _call: call, args } = record(actual);
      if (call === "transformDataFrame") {
        frames = made(list(args));
        return [];
      }
      const found = frames;
      if (!found || (matcher !== "toEqual" && matcher !== "toBe" && matcher !== "toMatchInlineSnapshot"))
        return [];
      if (hasFunction(actual)) return [];
      const wanted =
        matcher === "toMatchInlineSnapshot" ? snapshot(string(expected)) : expectedOf(expected, found);
      return [
        {
          name: `${title} ${index}`,
          expected: comparable(wanted),
          actual: () => comparable(evaluated(actual, found)),
        },
      ];
    });
  });
}

/** A function was not recorded. */
function hasFunction(actual: unknown): boolean {
  return /"_func":true|"_call":"map"/.test(JSON.stringify(actual));
}

/** The two sides of an expectation may be the wrong way round. */
function expectedOf(expected: unknown, frames: Frame[]): unknown {
  return evaluated(expected, frames) ?? literal(expected);
}

function made([transformations, input]: unknown[]): Frame[] | null {
  const steps = list(literal(transformations)).map((item) => {
    const { id, options } = record(item);
    return { id: string(id), options: record(options), disabled: false, filter: null };
  });
  const frames = literal(input);
  if (!Array.isArray(frames) || !steps.every(({ id }) => isTransformation(id))) return null;
  if (!frames.every((frame) => Array.isArray(record(frame).fields))) return null;
  return transformFrames(frames as Frame[], steps, (text) => text);
}

const series = (refId: string, labels: Record<string, string>, values: number[]): Frame => ({
  refId,
  length: values.length,
  meta: { type: "timeseries" },
  fields: [
    makeField(
      "Time",
      "time",
      values.map((_value, at) => at * 1_000),
    ),
    makeField("Value", "number", values, { labels }),
  ],
});

/** The columns of the frames that a transformation makes. */
function columns(id: string, options: Record<string, unknown>, frames: Frame[], rest = {}) {
  const found = transformFrames(
    frames,
    [{ id, options, disabled: false, filter: null, ...rest }],
    (text) => text,
  );
  return found.map(({ fields }) => Object.fromEntries(fields.map((field) => [field.name, field.values])));
}

const TABLE: Frame = {
  length: 2,
  meta: { type: "table" },
  fields: [
    makeField("name", "string", ["a", "b"]),
    makeField("data", "string", ['{"x":1,"y":{"z":"p"}}', '{"x":2}']),
    makeField("n", "number", [1, 3]),
  ],
};

describe("a transformation that Grafana's tests do not cover", () => {
  it.each([
    ["extractFields", { source: "data", replace: true }, [{ x: [1, 2], y: [{ z: "p" }, null] }]],
    [
      "extractFields",
      { source: "data", replace: true, jsonPaths: [{ path: "y.z", alias: "q" }] },
      [{ q: ["p", null] }],
    ],
    ["formatString", { stringField: "name", outputFormat: "Upper Case" }, [{ name: ["A", "B"], n: [1, 3] }]],
    ["rowsToFields", { mappings: [{ fieldName: "data", handlerKey: "__ignore" }] }, [{ a: [1], b: [3] }]],
    ["transpose", {}, [{ Field: ["data", "n"], a: ['{"x":1,"y":{"z":"p"}}', "1"], b: ['{"x":2}', "3"] }]],
    [
      "calculateField",
      { mode: "cumulativeFunctions", cumulative: { field: "n", reducer: "sum" } },
      [{ "cumulative sum(n)": [1, 4] }],
    ],
    ["calculateField", { mode: "unary", unary: { operator: "abs", fieldName: "n" } }, [{ "abs(n)": [1, 3] }]],
    ["calculateField", { mode: "index" }, [{ Row: [0, 1] }]],
    ["partitionByValues", { fields: ["name"] }, [{ n: [1] }, { n: [3] }]],
    ["unknown", {}, [{ n: [1, 3] }]],
  ])("%s with %j", (id, options, expected) => {
    expect(columns(id, options, [TABLE])).toMatchObject(expected);
  });

  it("timeSeriesTable has a row for each series", () => {
    const frames = [series("A", { job: "a" }, [1, 2]), series("A", { job: "b" }, [3, 4])];
    const [found] = columns("timeSeriesTable", { A: { stat: "max" } }, frames);
    expect(found?.job).toEqual(["a", "b"]);
    expect(found?.["Trend #A"]).toMatchObject([{ value: 2 }, { value: 4 }]);
  });

  it("prepareTimeSeries makes one frame, or a frame for each series", () => {
    const frames = [series("A", { job: "a" }, [1, 2]), series("A", { job: "b" }, [3])];
    expect(
      transformFrames(
        frames,
        [{ id: "prepareTimeSeries", options: { format: "wide" }, disabled: false, filter: null }],
        String,
      )[0]?.fields.map(({ values }) => values),
    ).toEqual([
      [0, 1_000],
      [1, 2],
      [3, null],
    ]);
    expect(columns("prepareTimeSeries", { format: "multi" }, frames)).toHaveLength(2);
    expect(columns("prepareTimeSeries", { format: "long" }, frames)).toEqual([
      { Time: [0, 0, 1_000], Value: [1, 3, 2], job: ["a", "b", "a"] },
    ]);
  });
});

describe("a transformation", () => {
  it("joinByLabels has a column for each value of a label", () => {
    const frames = [
      series("A", { what: "cpu", host: "h" }, [1]),
      series("A", { what: "mem", host: "h" }, [2]),
    ];
    expect(columns("joinByLabels", { value: "what" }, frames)).toEqual([{ host: ["h"], cpu: [1], mem: [2] }]);
  });

  it("configFromData configures other fields", () => {
    const config: Frame = {
      ...TABLE,
      refId: "config",
      length: 1,
      fields: [makeField("max", "number", [9]), makeField("x", "number", [5])],
    };
    const [found] = transformFrames(
      [series("A", {}, [1]), config],
      [
        {
          id: "configFromData",
          options: { configRefId: "config", mappings: [{ fieldName: "x", handlerKey: "threshold1" }] },
          disabled: false,
          filter: null,
        },
      ],
      String,
    );
    expect(found?.fields[1]?.config).toMatchObject({
      max: 9,
      thresholds: { steps: [{}, { value: 5, color: "red" }] },
    });
  });

  it("is left out when it is disabled, and is only that of the frames of its filter", () => {
    const frames = [series("A", {}, [1, 2]), series("B", {}, [3, 4])];
    expect(columns("limit", { limitField: 1 }, frames, { disabled: true })).toMatchObject([
      { Value: [1, 2] },
      { Value: [3, 4] },
    ]);
    expect(
      columns("limit", { limitField: 1 }, frames, { filter: { id: "byRefId", options: "/B|C/" } }),
    ).toMatchObject([{ Value: [3] }, { Value: [1, 2] }]);
  });

  it("keeps the digits of a number that is a text", () => {
    const id = "2882377905688543293";
    expect(
      columns("reduce", { reducers: ["max"], labelsToFields: true }, [series("A", { id }, [1])])[0]?.id,
    ).toEqual([id]);
  });
});

const AGPL = "grafana-frontend/agpl-facts/public__app__features__transformers__";

/** The tests of transformations that are called by their names. */
function calledCases(name: string): Case[] {
  const file = corpusFile(`${AGPL}${name}.test.json`);
  return list(record(file).tests).flatMap((test) => {
    const { path, expects } = record(test);
    return list(expects).flatMap((item, index): Case[] => {
      const { actual, matcher, expected } = record(item);
      if (
        hasFunction(item) ||
        hasFunction(expected) ||
        !/"_call":"(rowsToFields|joinByLabels|extractConfig|prepareTime)/.test(JSON.stringify(actual))
      )
        return [];
      const wanted = matcher === "toMatchInlineSnapshot" ? snapshot(string(expected)) : literal(expected);
      return [
        {
          name: `${name.split("__")[1]}: ${string(list(path).at(-1))} ${index}`,
          expected: sorted(comparable(wanted)),
          actual: () => sorted(comparable(evaluated(actual, [], run))),
        },
      ];
    });
  });
}

/** Frames in any order. */
function sorted(value: unknown): unknown {
  const text = (one: unknown) => JSON.stringify(one);
  return Array.isArray(value) ? [...value].sort((left, right) => (text(left) < text(right) ? -1 : 1)) : value;
}

function run(id: string, options: unknown, frames: Frame[]): Frame[] {
  return transformFrames(
    frames,
    [{ id, options: record(options), disabled: false, filter: null }],
    (text) => text,
  );
}

describe("Grafana's transformations outside of its library", () => {
  it("are those of its tests", () => {
    const cases = [
      "rowsToFields__rowsToFields",
      "joinByLabels__joinByLabels",
      "configFromQuery__configFromQuery",
      "prepareTimeSeries__prepareTimeSeries",
    ].flatMap(calledCases);
    if (cases.length === 0) return;
    expectCases("grafana transformations of the application", cases, {
      "joinByLabels: Simple join 0": "the place of a field is calculated by the test",
      "joinByLabels: Error handling (no labels) 0": "frames without labels stay as they are",
    });
  });

  it("read pairs of keys and values as its tests", () => {
    const file = corpusFile(`${AGPL}extractFields__fieldExtractor.test.json`);
    if (!file) return;
    const cases = list(record(file).tests).map((test): Case => {
      const { actual, expected } = record(list(record(test).expects)[0]);
      const [text] = list(record(actual).args);
      const format = /JSON/.test(JSON.stringify(record(actual).on)) ? "json" : "kvp";
      const frame = { ...TABLE, length: 1, fields: [makeField("text", "string", [text])] };
      return {
        name: string(list(record(test).path).at(-1)),
        expected: snapshot(string(expected)),
        actual: () => {
          const [found] = columns("extractFields", { source: "text", format, replace: true }, [frame]);
          return Object.fromEntries(Object.entries(found ?? {}).map(([key, values]) => [key, values[0]]));
        },
      };
    });
    expectCases("grafana field extractors", cases);
  });
});

describe("Grafana's transformations", () => {
  it("are those of its tests", () => {
    const cases = FILES.flatMap(casesOf);
    if (cases.length === 0) return;
    const replaced = "its replacement of variables was not recorded";
    expectCases("grafana transformations", cases, {
      "calculateField: uses template variable substituion 1": replaced,
      "filterByName: respects uses template variable substituion 1": replaced,
      "filterByName: respects uses template variable substituion 2": replaced,
      "merge: combine two time series, where first serie fields has display processor, into one 1":
        "a frame has no display processor",
      "seriesToRows: combine two time series, where first serie fields has units, into one 1":
        "the values of series with different units have none",
    });
  });
});
