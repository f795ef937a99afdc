import { describe, expect, it } from "vitest";
import type { GridItem, Layout, VariableModel } from "../../dashboards/model";
import { readDashboard } from "../../dashboards/read";
import type { DashboardContext } from "../../dashboards/scope";
import { allPanels, gridPanels, panelNamed, TOP } from "./layout";

const dashboard = readDashboard({
  title: "a",
  panels: [
    { id: 1, type: "stat", gridPos: { x: 0, y: 0, w: 12, h: 4 } },
    { id: 2, type: "row", title: "$v", repeat: "v", gridPos: { x: 0, y: 4, w: 24, h: 1 } },
    { id: 3, type: "stat", gridPos: { x: 0, y: 5, w: 12, h: 4 } },
  ],
  templating: { list: [{ name: "v", type: "custom", multi: true, query: "a,b" }] },
});
const [variable] = dashboard.variables as [VariableModel];
const chosen = { values: ["a", "b"], texts: ["a", "b"] };
const context: DashboardContext = {
  dashboard,
  variables: { v: { variable, options: variable.options, chosen, error: null } },
  scoped: {},
  raw: { from: "now-1h", to: "now" },
  range: { fromMs: 0, toMs: 3_600_000 },
  dataSources: [],
};

const item = (panel: string, x: number, y: number, width: number, height: number): GridItem => ({
  panel,
  x,
  y,
  width,
  height,
  repeat: null,
});
const places = (items: GridItem[]) => {
  const layout: Extract<Layout, { kind: "grid" }> = { kind: "grid", items };
  return gridPanels(layout, TOP, context).map(({ id, x, y, width }) => [id, x, y, width]);
};

describe("a grid", () => {
  it("has no free space above a panel", () => {
    expect(places([item("a", 0, 3, 12, 4), item("b", 12, 9, 12, 4), item("c", 0, 20, 24, 2)])).toEqual([
      ["a", 0, 0, 12],
      ["b", 12, 0, 12],
      ["c", 0, 4, 24],
    ]);
  });
  it("has no panel over another, and none beyond its edge", () => {
    expect(places([item("a", 0, 0, 24, 4), item("b", 20, 2, 12, 4)])).toEqual([
      ["a", 0, 0, 24],
      ["b", 20, 4, 4],
    ]);
  });
});

describe("the panels of a dashboard", () => {
  const panels = allPanels(dashboard.layout, context);
  it("have unique ids, also in repeated rows", () => {
    expect(panels.map(({ id, scoped }) => [id, scoped.v?.value])).toEqual([
      ["panel-1", undefined],
      ["panel-3", "a"],
      ["1-1~panel-3", "b"],
    ]);
  });
  it.each([
    ["panel-3", "panel-3"],
    ["3", "panel-3"],
    ["1-1~panel-3", "1-1~panel-3"],
    ["9", undefined],
  ])("are found by the name %s of a URL", (name, expected) => {
    expect(panelNamed(name, panels, dashboard.panels)?.id).toBe(expected);
  });
});
