import { describe, expect, it } from "vitest";
import type { VariableModel } from "../model";
import { readDashboard } from "../read";
import { bodyOf } from "./body";
import {
  type EditedType,
  newVariable,
  VARIABLE_TYPES,
  variableField,
  variablesOf,
  variableText,
  variableType,
  withVariableField,
  withVariableSource,
  withVariables,
  withVariableText,
  withVariableType,
} from "./variables";

const CLASSIC = { title: "Classic", panels: [] };
const V2 = { elements: {}, layout: { kind: "GridLayout", spec: { items: [] } }, title: "V2" };

const TYPES = Object.keys(VARIABLE_TYPES) as EditedType[];

describe.each([
  ["a classic dashboard", CLASSIC],
  ["a dashboard of schema v2", V2],
])("a variable of %s", (_name, json) => {
  const { form } = bodyOf(json);
  const read = (item: unknown): VariableModel | undefined =>
    readDashboard(withVariables(json, [item])).variables[0];
  it.each(TYPES)("is made as %s, and has its text", (type) => {
    const item = withVariableText(form, newVariable(json, type), "a,b");
    expect(variableType(form, item)).toBe(type);
    expect(variableText(form, item)).toBe("a,b");
    expect(read(item)).toMatchObject({ type, name: "variable", query: "a,b" });
  });
  it("has its fields", () => {
    const fields = { label: "L", multi: true, includeAll: true, sort: 3, hide: 1, refresh: 2, regex: "/a/" };
    const item = Object.entries(fields).reduce(
      (one: unknown, [name, value]) => withVariableField(form, one, name, value),
      withVariableSource(form, newVariable(json, "query"), { type: "loki", uid: "l" }),
    );
    expect(read(item)).toMatchObject({
      label: "L",
      multi: true,
      includeAll: true,
      sort: "numericalAsc",
      hide: "label",
      refreshOnTime: true,
      regex: "/a/",
      dataSource: { type: "loki", uid: "l" },
    });
    expect(variableField(form, item, "sort")).toBe(3);
  });
  it("keeps its name as another type, and has one of its own", () => {
    const first = newVariable(json, "query");
    const second = newVariable(withVariables(json, [first]), "custom");
    expect(variableField(form, second, "name")).toBe("variable2");
    const changed = withVariableType(form, second, "constant");
    expect(read(withVariableText(form, changed, "x"))).toMatchObject({
      type: "constant",
      name: "variable2",
      current: { values: ["x"] },
    });
  });
  it("keeps what is unknown", () => {
    const given = withVariableField(form, newVariable(json, "custom"), "mine", { a: 1 });
    const edited = withVariableText(form, given, "a,b");
    expect(variableField(form, edited, "mine")).toEqual({ a: 1 });
    expect(variablesOf(withVariables(json, [edited]))).toEqual([edited]);
  });
});

it("the text of a classic query that is an object is within it", () => {
  const item = { name: "v", type: "query", query: { query: "a", refId: "R", qryType: 1 }, definition: "a" };
  expect(withVariableText("classic", item, "b")).toEqual({
    ...item,
    query: { query: "b", refId: "R", qryType: 1 },
    definition: "b",
  });
});
