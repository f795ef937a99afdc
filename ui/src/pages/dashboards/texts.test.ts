import { describe, expect, it } from "vitest";
import type { LinkModel } from "../../dashboards/model";
import { readDashboard } from "../../dashboards/read";
import type { DashboardContext } from "../../dashboards/scope";
import { type Field, frameOf } from "../../data/frame";
import { addressOf } from "./addresses";
import { framesCsv } from "./csv";
import { asNew, prettyJson } from "./json-text";
import { panelJson } from "./panel-json";
import { positionOf } from "./use-save";

describe("the JSON that is saved", () => {
  it("has two spaces and the digits that were written", () => {
    expect(prettyJson('{"a":1.0,"id":12345678901234567890}')).toBe(
      '{\n  "a": 1.0,\n  "id": 12345678901234567890\n}',
    );
  });
  it.each([
    [
      "a classic dashboard",
      { uid: "x", id: 3, version: 2, title: "a", panels: [] },
      { title: "b", panels: [] },
    ],
    ["an answer of Grafana", { meta: {}, dashboard: { uid: "x", title: "a" } }, { title: "b" }],
    [
      "a resource",
      { apiVersion: "v2", metadata: { name: "x", labels: {} }, spec: { title: "a", elements: {} } },
      { apiVersion: "v2", metadata: { labels: {} }, spec: { title: "b", elements: {} } },
    ],
  ])("as a new one has no identifier: %s", (_name, given, expected) => {
    expect(JSON.parse(asNew(JSON.stringify(given), "b"))).toEqual(expected);
  });
  it("has its error at a line and a column", () => {
    const text = '{\n  "a": 1,\n  b\n}';
    let error: unknown;
    try {
      prettyJson(text);
    } catch (reason) {
      error = reason;
    }
    expect(positionOf(error, text)).toMatchObject({ line: 3, column: 3 });
  });
});

describe("the JSON of a panel", () => {
  const one = { id: 3, type: "stat" };
  it.each<[string, unknown]>([
    ["a panel", { panels: [{ id: 1 }, one] }],
    ["a panel of a collapsed row", { panels: [{ id: 9, type: "row", panels: [one] }] }],
    ["a panel of an old row", { rows: [{ panels: [one] }] }],
    ["a panel of a resource", { spec: { panels: [one] } }],
    ["an element", { spec: { elements: { "panel-3": one } } }],
  ])("is found: %s", (_name, json) => {
    expect(panelJson(json, { id: 3, key: "panel-3" })).toBe(one);
  });
});

describe("CSV", () => {
  const csv = (...fields: Partial<Field>[]) =>
    framesCsv([frameOf(fields.map((field) => ({ config: {}, ...field })) as Field[])]);
  it("has the names, quotes what needs it, and has no formulas", () => {
    const names = { name: "name", type: "string", values: ['a "b", c', "=1+1", "-1"] } as const;
    const values = { name: "value", type: "number", values: [1.5, null, -2] } as const;
    expect(csv(names, values)).toBe('name,value\n"a ""b"", c",1.5\n\'=1+1,\n-1,-2');
  });
  it("has times that every program reads", () => {
    const times = { name: "Time", type: "time", values: [Date.UTC(2026, 10, 20, 15)] } as const;
    expect(csv(times)).toBe("Time\n2026-11-20T15:00:00.000Z");
  });
});

describe("a link", () => {
  const dashboard = readDashboard({
    title: "a",
    templating: { list: [{ name: "v", type: "custom", query: "a b,c" }] },
  });
  const variable = dashboard.variables[0];
  const context: DashboardContext = {
    dashboard,
    variables: variable
      ? { v: { variable, options: [], chosen: { values: ["a b"], texts: ["a b"] }, error: null } }
      : {},
    scoped: {},
    raw: { from: "now-6h", to: "now" },
    range: { fromMs: 0, toMs: 1 },
    dataSources: [],
  };
  const link: LinkModel = {
    title: "",
    type: "link",
    url: "",
    tooltip: "",
    tags: [],
    asDropdown: false,
    newTab: false,
    includeVariables: false,
    keepTime: false,
  };
  it.each<[Partial<LinkModel>, string | null]>([
    [{ url: "https://wiki/$v" }, "https://wiki/a%20b"],
    [{ url: "/d/x?a=1#b", keepTime: true }, "/d/x?a=1&from=now-6h&to=now#b"],
    [{ url: "/d/x", includeVariables: true }, "/d/x?var-v=a%20b"],
    [{ url: "javascript:alert(1)" }, null],
    [{ url: " JavaScript:alert(1)", keepTime: true }, null],
    [{ url: "data:text/html,x" }, null],
  ])("%j", (given, expected) => expect(addressOf({ ...link, ...given }, context)).toBe(expected));
});
