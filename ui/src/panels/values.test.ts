import { describe, expect, it } from "vitest";
import type { FieldConfig } from "../data/field-config";
import { type Field, frameOf } from "../data/frame";
import { readReduceOptions, valuesOf, valueText } from "./values";

const field = (name: string, values: unknown[], config: FieldConfig = {}): Field =>
  ({ name, type: typeof values[0] === "string" ? "string" : "number", values, config }) as Field;
const frame = (...fields: Field[]) => frameOf(fields);
const read = (options: unknown, ...fields: Field[]) =>
  valuesOf([frame(...fields)], readReduceOptions(options), "utc");
const shown = (options: unknown, ...fields: Field[]) =>
  read(options, ...fields).map((value) => `${value.name}: ${valueText(value)}`);

describe("the values of a panel", () => {
  const memory = field("memory", [1, 2, 6, null], { unit: "bytes" });
  const names = field("pod", ["a", "b", "c", "d"]);
  it.each<[string, unknown, string[]]>([
    ["the last value by default", {}, ["memory: 6 B"]],
    ["a calculation", { calcs: ["mean"] }, ["memory: 3 B"]],
    ["several calculations", { calcs: ["min", "max"] }, ["memory (min): 1 B", "memory (max): 6 B"]],
    ["all rows, by the text of the row", { values: true, limit: 2 }, ["a: 1 B", "b: 2 B"]],
    ["the fields that an expression matches", { fields: "/pod/" }, ["pod: d"]],
    ["a field by its name", { fields: "pod" }, ["pod: d"]],
  ])("are %s", (_case, options, expected) => expect(shown(options, names, memory)).toEqual(expected));

  it("are dates where they are times, whatever the unit of the panel is", () => {
    const time = { ...field("Time", [0, 60_000], { unit: "bytes" }), type: "time" } as Field;
    expect(shown({ fields: "Time" }, time)).toEqual(["Time: 1970-01-01 00:01:00"]);
  });
  it("have the colour of their threshold, by default green and from 80 red", () => {
    const colors = read({}, field("a", [79]), field("b", [81])).map(({ color }) => color);
    expect(colors).toEqual(["var(--gh-ok)", "var(--gh-error)"]);
  });
  it("have the colour of a mapping before that of a threshold", () => {
    const mappings: FieldConfig["mappings"] = [
      { type: "value", options: { "1": { text: "up", color: "blue" } } },
    ];
    expect(read({}, field("a", [1], { mappings }))[0]).toMatchObject({ color: "var(--gh-series-1)" });
    expect(shown({}, field("a", [1], { mappings }))).toEqual(["a: up"]);
  });
  it("have a place in a colour scheme between the least and the largest value of all", () => {
    const color = { mode: "continuous-GrYlRd" };
    const colors = read(
      {},
      field("a", [0], { color }),
      field("b", [5], { color }),
      field("c", [10], { color }),
    );
    expect(colors.map((value) => value.color)).toEqual([
      "var(--gh-ok)",
      "var(--gh-series-5)",
      "var(--gh-error)",
    ]);
  });
  it("have the change of their series", () => {
    const times: Field = { name: "Time", type: "time", values: [1, 2, 3], config: {} };
    expect(read({}, times, field("a", [4, 2, 5]))[0]?.change).toBe(0.25);
  });
  it("show a text in place of a missing value", () => {
    expect(shown({}, field("a", [null], { noValue: "none" }))).toEqual(["a: none"]);
  });
});
