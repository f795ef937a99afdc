import { describe, expect, it } from "vitest";
import { displayName } from "../display-name";
import { lastAnswer } from "../source";
import { csvFrame } from "./csv-frame";
import { isScenario, testdata } from "./testdata";

const RANGE = { fromMs: 1_000, toMs: 61_000 };

async function answer(scenario: string, spec: object = {}) {
  const query = { scenario, refId: "A", spec: { ...spec } };
  const request = { query, range: RANGE, intervalMs: 10_000 };
  return lastAnswer(testdata.query(request, new AbortController().signal));
}

const columns = (frames: Awaited<ReturnType<typeof answer>>) =>
  frames.map(({ fields }) => fields.map(({ values }) => values));

describe("invented data", () => {
  it("of a random walk is the same in every answer, and within its bounds", async () => {
    const spec = { seriesCount: 2, min: 0, max: 10, startValue: 5, spread: 50 };
    const [first, second] = await answer("random_walk", spec);
    expect(first?.fields[0]?.values).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    const values = (first?.fields[1]?.values ?? []) as number[];
    expect(values.every((value) => value >= 0 && value <= 10)).toBe(true);
    expect(second?.fields[1]?.values).not.toEqual(values);
    expect(columns(await answer("random_walk", spec))).toEqual(
      columns([first, second].flatMap((one) => one ?? [])),
    );
  });
  it.each([
    [{}, "A-series"],
    [{ alias: "x" }, "x"],
    [{ labels: 'a=b, {c="d"}' }, '{a="b", c="d"}'],
  ])("of a random walk with %j has the name %s", async (spec, expected) => {
    const [frame] = await answer("random_walk", spec);
    expect(frame?.fields[1] && displayName(frame.fields[1], frame).replace(/^Value /, "")).toBe(expected);
  });
  it("is bounded", async () => {
    expect(await answer("random_walk", { seriesCount: 1e9 })).toHaveLength(100);
    const wide = {
      range: { fromMs: 0, toMs: 1e12 },
      intervalMs: 1,
      query: { scenario: "random_walk", refId: "A", spec: {} },
    };
    const [frame] = await lastAnswer(testdata.query(wide, new AbortController().signal));
    expect(frame?.length).toBeLessThanOrEqual(10_001);
  });
  it.each([
    [
      "csv_metric_values",
      { stringInput: "1, null,3" },
      [
        [
          [1_000, 31_000, 61_000],
          [1, null, 3],
        ],
      ],
    ],
    [
      "csv_metric_values",
      { stringInput: "LOW,HIGH" },
      [
        [
          [1_000, 61_000],
          ["LOW", "HIGH"],
        ],
      ],
    ],
    ["csv_metric_values", {}, []],
    ["manual_entry", { points: [[1, 5_000], [2, 99_000], "x"] }, [[[5_000], [1]]]],
    [
      "predictable_pulse",
      { pulseWave: { timeStep: 20, onCount: 1, onValue: 7, offCount: 1, offValue: 0 } },
      [
        [
          [20_000, 40_000, 60_000],
          [0, 7, 0],
        ],
      ],
    ],
    [
      "predictable_csv_wave",
      { csvWave: [{ timeStep: 30, valuesCSV: "1,x" }] },
      [
        [
          [30_000, 60_000],
          [null, 1],
        ],
      ],
    ],
    ["no_data_points", {}, []],
  ])("of %s with %j", async (scenario, spec, expected) => {
    expect(columns(await answer(scenario, spec))).toEqual(expected);
  });
  it.each(["constructor", "csv_file", ""])("is none of the scenario %j", (scenario) => {
    expect(isScenario(scenario)).toBe(false);
  });
});

describe("comma-separated values", () => {
  it.each([
    [
      "a,b\n1,x\n,y",
      [
        ["a", "number", [1, null]],
        ["b", "string", ["x", "y"]],
      ],
    ],
    [
      'Name , "b ""c"""\n"x, y","1\n2"',
      [
        ["Name", "string", ["x, y"]],
        ['b "c"', "string", ["1\n2"]],
      ],
    ],
    [
      "time,ok\n2026-11-20T15:00:00Z,true\r\n\r\n2026-11-21,false",
      [
        ["time", "time", [Date.UTC(2026, 10, 20, 15), Date.UTC(2026, 10, 21)]],
        ["ok", "boolean", [true, false]],
      ],
    ],
    [
      "time,v\n1000,1",
      [
        ["time", "time", [1_000]],
        ["v", "number", [1]],
      ],
    ],
    ["a\nnull", [["a", "string", [null]]]],
    [
      'a,b\n"x',
      [
        ["a", "string", ["x"]],
        ["b", "string", [null]],
      ],
    ],
  ])("%j", (text, expected) => {
    expect(csvFrame(text)[0]?.fields.map(({ name, type, values }) => [name, type, values])).toEqual(expected);
  });
  it.each(["", "\n\n"])("that are %j are no frame", (text) => expect(csvFrame(text)).toEqual([]));
});
