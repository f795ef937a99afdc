import { describe, expect, it } from "vitest";
import type { DashboardModel, GridItem, Layout } from "./model";
import { readDashboard } from "./read";

const panel = (id: number, rest: object = {}) => ({ id, type: "stat", title: `p${id}`, ...rest });
const at = (x: number, y: number, w: number, h: number) => ({ gridPos: { x, y, w, h } });
const places = (items: GridItem[]) =>
  items.map(({ panel: key, x, y, width, height }) => [key, x, y, width, height]);

function rowsOf({ layout }: DashboardModel) {
  return layout.kind === "rows" ? layout.rows : [];
}

function items(layout: Layout | undefined) {
  return layout?.kind === "grid" ? places(layout.items) : [];
}

describe("a dashboard", () => {
  const classic = { title: "A", uid: "u", schemaVersion: 39, panels: [panel(1, at(0, 0, 12, 8))] };
  it.each([
    ["alone", classic],
    ["in the answer of the API", { dashboard: classic, meta: {} }],
    [
      "as a resource",
      {
        apiVersion: "dashboard.grafana.app/v1beta1",
        kind: "Dashboard",
        metadata: { name: "u" },
        spec: { ...classic, uid: undefined },
      },
    ],
  ])("%s is read", (_form, json) => {
    const { title, uid, panels } = readDashboard(json);
    expect([title, uid, panels["panel-1"]?.title]).toEqual(["A", "u", "p1"]);
  });

  it("has settings for time, the crosshair and its links", () => {
    const found = readDashboard({
      title: "A",
      time: { from: "now-2d", to: "now-1d" },
      refresh: true,
      timezone: "utc",
      graphTooltip: 1,
      timepicker: { hidden: true, nowDelay: "1m", refresh_intervals: ["5s"] },
      links: [{ type: "dashboards", tags: ["x"], asDropdown: true, includeVars: true, keepTime: true }],
    });
    expect(found.time).toMatchObject({
      from: "now-2d",
      to: "now-1d",
      refresh: "",
      timezone: "utc",
      hidePicker: true,
      nowDelay: "1m",
    });
    expect(found.crosshair).toBe("crosshair");
    expect(found.links).toMatchObject([
      { type: "dashboards", tags: ["x"], asDropdown: true, includeVariables: true },
    ]);
  });
});

describe("other JSON", () => {
  it.each([
    [null, /JSON object/],
    [[], /JSON object/],
    ["text", /JSON object/],
    [{ a: 1 }, /no dashboard/],
    [{ apiVersion: "v1", kind: "ConfigMap" }, /"ConfigMap"/],
  ])("is not what %j is", (json, message) => {
    expect(() => readDashboard(json)).toThrow(message);
  });

  it.each([
    { title: 1, panels: 3, templating: [], annotations: 7, links: {} },
    {
      title: "x",
      panels: [null, 4, [], { type: 5, gridPos: "no", targets: [null, 7], fieldConfig: [], options: 3 }],
    },
    {
      title: "x",
      panels: [{ id: {}, type: "graph", yaxes: [null], seriesOverrides: [1], thresholds: {}, legend: 3 }],
    },
    { title: "x", panels: [{ type: "singlestat", colors: 3, thresholds: {}, valueMaps: 4, gauge: [] }] },
    {
      title: "x",
      schemaVersion: "8",
      rows: [null, { panels: [{ span: "x", type: "table", styles: [null, 3] }] }],
    },
    {
      title: "x",
      templating: { list: [null, { name: 3 }, { name: "a", current: 3, options: [4], query: null }] },
    },
    { title: "x", panels: [{ type: "row", panels: [{ type: "row", panels: [{ type: "row" }] }] }] },
    {
      elements: { a: null, b: { spec: { data: 3 } } },
      layout: { kind: "TabsLayout", spec: { tabs: [null] } },
    },
    JSON.parse(
      '{"title":"x","__proto__":{"polluted":1},"panels":[{"id":"__proto__","libraryPanel":{"uid":"__proto__"}}]}',
    ),
  ])("with odd values is read: %j", (json) => {
    expect(() => readDashboard(json)).not.toThrow();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("has at most 2,000 panels and says how many are left out", () => {
    const found = readDashboard({ title: "x", panels: Array.from({ length: 2_005 }, (_, id) => panel(id)) });
    expect(Object.keys(found.panels)).toHaveLength(2_000);
    expect(found.problems).toEqual(["The dashboard has more than 2000 panels; 5 are left out."]);
  });
});

describe("the layout of a classic dashboard", () => {
  it("is a grid without rows", () => {
    const found = readDashboard({
      title: "x",
      panels: [panel(2, at(12, 0, 12, 8)), panel(1, at(0, 0, 12, 8)), panel(3)],
    });
    expect(items(found.layout)).toEqual([
      ["panel-1", 0, 0, 12, 8],
      ["panel-2", 12, 0, 12, 8],
      ["panel-3", 0, 8, 12, 8],
    ]);
  });

  it("has rows, of which collapsed ones have their panels within", () => {
    const found = readDashboard({
      title: "x",
      panels: [
        panel(1, at(0, 0, 24, 3)),
        {
          id: 2,
          type: "row",
          title: "$a",
          collapsed: true,
          repeat: "a",
          ...at(0, 3, 24, 1),
          panels: [panel(3, at(0, 30, 6, 4))],
        },
        { id: 4, type: "row", title: "open", ...at(0, 4, 24, 1) },
        panel(5, { ...at(0, 5, 6, 4), repeat: "b", repeatDirection: "v", maxPerRow: 2 }),
        panel(6, { ...at(6, 5, 6, 4), repeatPanelId: 5, repeatIteration: 1 }),
      ],
    });
    const rows = rowsOf(found);
    expect(
      rows.map(({ title, collapsed, hideHeader, repeat }) => [
        title,
        collapsed,
        hideHeader,
        repeat?.variable,
      ]),
    ).toEqual([
      ["", false, true, undefined],
      ["$a", true, false, "a"],
      ["open", false, false, undefined],
    ]);
    expect(rows.map(({ layout }) => items(layout))).toEqual([
      [["panel-1", 0, 0, 24, 3]],
      [["panel-3", 0, 0, 6, 4]],
      [["panel-5", 0, 0, 6, 4]],
    ]);
    expect(rows[2]?.layout).toMatchObject({
      items: [{ repeat: { variable: "b", direction: "v", perRowMax: 2 } }],
    });
  });
});

describe("the layout of the first versions", () => {
  it("is made of rows with spans and heights", () => {
    const row = (...panels: object[]) => ({
      height: 200,
      panels: panels.map((one, index) => panel(index + 1, one)),
    });
    const found = readDashboard({
      title: "x",
      schemaVersion: 14,
      rows: [
        row(
          { span: 4 },
          { span: 2, height: 100 },
          { span: 4 },
          { span: 2, height: 100 },
          { span: 2, height: 100 },
        ),
      ],
    });
    // To the right of higher panels, then below.
    expect(items(found.layout)).toEqual([
      ["panel-1", 0, 0, 8, 6],
      ["panel-2", 8, 0, 4, 3],
      ["panel-3", 12, 0, 8, 6],
      ["panel-4", 20, 0, 4, 3],
      ["panel-5", 20, 3, 4, 3],
    ]);
  });

  it("has headers when a row has a title to show", () => {
    const found = readDashboard({
      title: "x",
      schemaVersion: 14,
      rows: [
        {
          title: "one",
          showTitle: true,
          height: "250px",
          panels: [panel(1, { span: 6 }), panel(2, { span: 6 }), panel(3, { span: 12 })],
        },
        { title: "two", collapse: true, repeat: "v", panels: [panel(4)] },
      ],
    });
    expect(
      rowsOf(found).map(({ title, collapsed, repeat, layout }) => [
        title,
        collapsed,
        repeat?.variable,
        items(layout),
      ]),
    ).toEqual([
      [
        "one",
        false,
        undefined,
        [
          ["panel-1", 0, 0, 12, 7],
          ["panel-2", 12, 0, 12, 7],
          ["panel-3", 0, 7, 24, 7],
        ],
      ],
      ["two", true, "v", [["panel-4", 0, 0, 8, 7]]],
    ]);
  });
});

describe("a panel of a library", () => {
  it("is the one beside the dashboard, or is missing", () => {
    const found = readDashboard({
      title: "x",
      panels: [
        { id: 1, libraryPanel: { uid: "a", name: "A" }, ...at(0, 0, 4, 4) },
        { id: 2, libraryPanel: { uid: "b", name: "B" }, ...at(4, 0, 4, 4) },
      ],
      __elements: { a: { uid: "a", model: { type: "gauge", title: "from the library" } } },
    });
    expect(found.panels["panel-1"]).toMatchObject({
      type: "gauge",
      title: "from the library",
      libraryPanel: null,
    });
    expect(found.panels["panel-2"]?.libraryPanel).toEqual({ uid: "b", name: "B" });
  });
});
