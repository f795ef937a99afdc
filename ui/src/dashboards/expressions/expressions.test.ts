// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's expressions
import { describe, expect, it } from "vitest";
import { frameOf, type Labels } from "../../data/frame";
import { computeExpressions, type Expression, neededRefs, readExpression } from "./expressions";
import { type Value, valuesOf } from "./values";

const RANGE = { fromMs: 0, toMs: 40 };
const number = (value: number | null, labels: Labels = {}): Value => ({ kind: "number", value, labels });
const series = (
  values: (number | null)[],
  labels: Labels = {},
  times = values.map((_, index) => index * 10),
): Value => ({
  kind: "series",
  times,
  values,
  labels,
});

function expressionOf(spec: object): Expression {
  const read = readExpression({ refId: "X", hidden: false, dataSource: null, spec: { ...spec } }, String);
  if (typeof read === "string") throw new Error(read);
  return read;
}

const computed = (spec: object, given: Record<string, Value[]>) =>
  expressionOf(spec).compute((refId) => given[refId] ?? [], RANGE);
const math = (expression: string, given: Record<string, Value[]> = {}) =>
  computed({ type: "math", expression }, given);
const plain = (values: Value[]) =>
  values.map((value) => (value.kind === "number" ? value.value : value.values));

describe("a math expression", () => {
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ** 3 * 2", 16],
    ["-2 ** 2", 4],
    ["10 - 4 - 3", 3],
    ["7 % 4", 3],
    ["1 > 2 || 3 <= 3 && 4 != 4", 0],
    ["!0 + !5", 1],
    ["0x10 + 1e1 + .5", 26.5],
    ["abs(-3) + ceil(1.2) + floor(1.8)", 6],
    ["round(-2.5)", -3],
    ["log(1)", 0],
    ["is_nan(nan()) + is_inf(infn()) + is_null(null()) + is_number(1)", 4],
    ["null() + 1", null],
    ["1 / 0", Number.POSITIVE_INFINITY],
  ])("%s is %d", (expression, expected) => {
    expect(plain(math(expression))).toEqual([expected]);
  });

  it.each([
    ["$A * 2", { A: [series([1, null, 3])] }, [[2, null, 6]]],
    ["${my query} + $B", { "my query": [number(1)], B: [number(2)] }, [3]],
    ["is_null($A)", { A: [series([1, null])] }, [[0, 1]]],
    ["$A + $B", { A: [series([1, 2, 3])], B: [series([10, 20], {}, [10, 30])] }, [[12]]],
    ["$A > 1 && $B", { A: [number(2)], B: [series([0, 1])] }, [[0, 1]]],
    ["$A / $B", { A: [number(4, { a: "1" }), number(6, { a: "2" })], B: [number(2, { a: "2" })] }, [3]],
    ["$A / $B", { A: [number(4, { a: "1", b: "x" })], B: [number(2, { b: "x" })] }, [2]],
    ["$A / $B", { A: [number(4, { a: "1" }), number(6, { a: "2" })], B: [number(2)] }, [2, 3]],
    ["$A / $B", { A: [number(4, { a: "1" })], B: [number(2, { b: "1" })] }, [2]],
    ["$A / $B", { A: [number(4, { a: "1" }), number(6, { a: "2" })], B: [number(2, { b: "1" })] }, []],
    ["$A + $none", { A: [number(1)] }, []],
  ])("%s with %j is %j", (expression, given, expected) => {
    expect(plain(math(expression, given as unknown as Record<string, Value[]>))).toEqual(expected);
  });

  it("keeps the labels of the side that has more", () => {
    const [found] = math("$A / $B", { A: [number(1)], B: [number(2, { job: "a" })] });
    expect(found?.labels).toEqual({ job: "a" });
  });

  it.each([
    ["", /ends too early/],
    ["1 +", /ends too early/],
    ["(1", /needs a "\)" at its end/],
    ["1 2", /unexpected "2"/],
    ["sin(1)", /unknown function "sin"/],
    ["abs 1", /needs a "\(" before "1"/],
    ["1 # 2", /unexpected "# 2"/],
    ["constructor(1)", /unknown function/],
    ["(".repeat(200), /too deep/],
    ["-".repeat(5_000), /too deep/],
    ["1+".repeat(6_000), /too long/],
  ])("that cannot be read is refused: %s", (expression, reason) => {
    expect(() => math(expression)).toThrow(reason);
  });
});

describe("a reduce expression", () => {
  const given = { A: [series([3, 1, null, 2])] };
  it.each([
    [{ reducer: "sum" }, Number.NaN],
    [{ reducer: "sum", settings: { mode: "dropNN" } }, 6],
    [{ reducer: "mean", settings: { mode: "replaceNN", replaceWithValue: 2 } }, 2],
    [{ reducer: "count" }, 4],
    [{ reducer: "last" }, 2],
    [{ reducer: "median", settings: { mode: "dropNN" } }, 2],
  ])("%j", (spec, expected) => {
    expect(plain(computed({ type: "reduce", expression: "$A", ...spec }, given))).toEqual([expected]);
  });
  it("keeps labels, and numbers as they are", () => {
    const found = computed(
      { type: "reduce", expression: "A", reducer: "max" },
      { A: [series([1, 5], { a: "b" }), number(7)] },
    );
    expect(found).toEqual([number(5, { a: "b" }), number(7)]);
  });
});

describe("a resample expression", () => {
  const given = { A: [series([1, 2, 3, 9], {}, [0, 5, 10, 30])] };
  it.each([
    [{ downsampler: "mean", upsampler: "fillna" }, [1, 2.5, null, 9, null]],
    [{ downsampler: "last", upsampler: "pad" }, [1, 3, 3, 9, 9]],
    [{ downsampler: "sum", upsampler: "backfilling" }, [1, 5, 9, 9, null]],
  ])("%j", (spec, expected) => {
    const found = computed({ type: "resample", expression: "A", window: "10ms", ...spec }, given);
    expect(found).toMatchObject([{ times: [0, 10, 20, 30, 40], values: expected }]);
  });
});

describe("a condition", () => {
  it.each([
    ["gt", [2], [0, 0, 1]],
    ["lt", [2], [1, 0, 0]],
    ["gte", [2], [0, 1, 1]],
    ["eq", [2], [0, 1, 0]],
    ["within_range", [1, 3], [0, 1, 0]],
    ["outside_range", [2, 1], [0, 0, 1]],
    ["within_range_included", [1, 2], [1, 1, 0]],
  ])("of a threshold: %s %j", (type, params, expected) => {
    const conditions = [{ evaluator: { type, params } }];
    expect(
      plain(computed({ type: "threshold", expression: "A", conditions }, { A: [series([1, 2, 3])] })),
    ).toEqual([expected]);
  });
  it.each([
    [[["A", "avg", "gt", 1, "and"]], 1],
    [
      [
        ["A", "max", "gt", 9, "and"],
        ["B", "last", "lt", 5, "or"],
      ],
      1,
    ],
    [
      [
        ["A", "max", "gt", 9, "and"],
        ["B", "last", "lt", 5, "and"],
      ],
      0,
    ],
    [[["none", "last", "no_value", 0, "and"]], 1],
    [[["A", "diff_abs", "gt", 1, "and"]], 1],
  ])("of classic conditions %j", (given, expected) => {
    const conditions = given.map(([ref, reducer, type, param, operator]) => ({
      query: { params: [ref] },
      reducer: { type: reducer },
      evaluator: { type, params: [param] },
      operator: { type: operator },
    }));
    const values = { A: [series([3, 1])], B: [number(2)] };
    expect(plain(computed({ type: "classic_conditions", conditions }, values))).toEqual([expected]);
  });
});

describe("the expressions of a panel", () => {
  const of = (refId: string, expression: string): Expression => ({ ...expressionOf({ expression }), refId });
  const frame = frameOf([{ name: "Value", type: "number", values: [4], labels: { job: "a" }, config: {} }]);
  it("are computed of queries and of each other, and end in a cycle", () => {
    const expressions = [of("C", "$B + 1"), of("B", "$A * 2"), of("D", "$E"), of("E", "$D + 1")];
    const found = computeExpressions(expressions, (refId) => (refId === "A" ? [frame] : []), RANGE);
    expect(found.get("C")).toMatchObject([
      { refId: "C", fields: [{ name: "C", values: [9], labels: { job: "a" } }] },
    ]);
    expect(found.get("D")).toEqual([]);
    expect([...neededRefs(expressions, ["C"])]).toEqual(["B", "A"]);
    expect([...neededRefs(expressions, ["D"])]).toEqual(["E", "D"]);
  });
  it("take the rows of a table as numbers with its texts as labels", () => {
    const table = frameOf([
      { name: "job", type: "string", values: ["a", "b"], config: {} },
      { name: "Value", type: "number", values: [1, 2], config: {} },
    ]);
    expect(valuesOf([table])).toEqual([number(1, { job: "a" }), number(2, { job: "b" })]);
  });
  it("of SQL are not supported", () => {
    expect(() => expressionOf({ type: "sql" })).toThrow(/type "sql", which is not supported/);
  });
});
