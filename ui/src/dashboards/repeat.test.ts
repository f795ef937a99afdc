import { describe, expect, it } from "vitest";
import { ALL, type GridItem, type VariableModel } from "./model";
import { conditionHolds, placedItems } from "./repeat";
import type { VariableStates } from "./scope";
import { readVariables } from "./variables";

const [variable] = readVariables([
  { name: "v", type: "custom", multi: true, includeAll: true, query: "a,b,c" },
]);

function states(values: string[]): VariableStates {
  const own = variable as VariableModel;
  return { v: { variable: own, options: own.options, chosen: { values, texts: values }, error: null } };
}

const item = (panel: string, y: number, repeat: GridItem["repeat"] = null): GridItem => ({
  panel,
  x: 0,
  y,
  width: 12,
  height: 4,
  repeat,
});
const placed = (items: GridItem[], values: string[]) =>
  placedItems(items, states(values), {}).map(({ key, x, y, width, scoped }) => [
    key,
    x,
    y,
    width,
    scoped.v?.value,
  ]);

describe("a repeated panel", () => {
  it("has a copy beside it for each value, and moves down what is below", () => {
    const repeat = { variable: "v", direction: "h" as const, perRowMax: 2 };
    expect(placed([item("a", 0, repeat), item("b", 4)], [ALL])).toEqual([
      ["a", 0, 0, 12, "a"],
      ["a-1", 12, 0, 12, "b"],
      ["a-2", 0, 4, 12, "c"],
      ["b", 0, 8, 12, undefined],
    ]);
  });
  it("has copies below it", () => {
    const repeat = { variable: "v", direction: "v" as const, perRowMax: 4 };
    expect(placed([item("a", 0, repeat), item("b", 4)], ["a", "c"])).toEqual([
      ["a", 0, 0, 12, "a"],
      ["a-1", 0, 4, 12, "c"],
      ["b", 0, 8, 12, undefined],
    ]);
  });
  it("is alone without a value", () => {
    const repeat = { variable: "missing", direction: "h" as const, perRowMax: 4 };
    expect(placed([item("a", 0, repeat)], [])).toEqual([["a", 0, 0, 12, undefined]]);
  });
});

describe("a condition", () => {
  const range = { fromMs: 0, toMs: 3_600_000 };
  const on = (operator: string, value: string) => ({
    kind: "variable" as const,
    variable: "v",
    operator,
    value,
  });
  it.each([
    [{ show: true, every: true, items: [on("equals", "a")] }, true],
    [{ show: false, every: true, items: [on("equals", "a")] }, false],
    [{ show: true, every: true, items: [on("equals", "a"), on("equals", "b")] }, false],
    [{ show: true, every: false, items: [on("equals", "b"), on("matches", "/^a/")] }, true],
    [{ show: true, every: true, items: [on("notMatches", "b")] }, true],
    [{ show: true, every: true, items: [{ kind: "time-range-size" as const, value: "30m" }] }, false],
    [{ show: true, every: true, items: [{ kind: "data" as const, value: true }] }, true],
  ])("%j is %s", (condition, expected) =>
    expect(conditionHolds(condition, states(["a"]), range)).toBe(expected),
  );
});
