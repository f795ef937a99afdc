import { describe, expect, it } from "vitest";
import { readDashboard } from "./read";

const element = {
  kind: "Panel",
  spec: {
    id: 7,
    title: "Requests",
    data: {
      kind: "QueryGroup",
      spec: {
        queries: [
          {
            kind: "PanelQuery",
            spec: {
              refId: "A",
              hidden: false,
              query: {
                kind: "DataQuery",
                group: "prometheus",
                datasource: { name: "prom" },
                spec: { expr: "up", legendFormat: "{{job}}" },
              },
            },
          },
        ],
        transformations: [
          { kind: "Transformation", group: "merge", spec: { options: { a: 1 } } },
          { kind: "organize", spec: { id: "organize", options: {}, disabled: true } },
        ],
        queryOptions: { maxDataPoints: 100, interval: "30s", timeFrom: "2h" },
      },
    },
    vizConfig: {
      kind: "VizConfig",
      group: "timeseries",
      spec: { options: { legend: {} }, fieldConfig: { defaults: { unit: "s" }, overrides: [] } },
    },
  },
};

const grid = (name: string) => ({
  kind: "GridLayout",
  spec: {
    items: [
      {
        kind: "GridLayoutItem",
        spec: {
          x: 0,
          y: 2,
          width: 6,
          height: 4,
          element: { kind: "ElementReference", name },
          repeat: { mode: "variable", value: "v", maxPerRow: 2 },
        },
      },
    ],
  },
});

const resource = (spec: object) => ({
  apiVersion: "dashboard.grafana.app/v2",
  kind: "Dashboard",
  metadata: { name: "uid-2" },
  spec: { title: "Two", elements: { "panel-7": element }, layout: grid("panel-7"), ...spec },
});

const auto = {
  kind: "AutoGridLayout",
  spec: {
    maxColumnCount: 2,
    columnWidthMode: "custom",
    columnWidth: 300,
    rowHeightMode: "short",
    items: [
      {
        kind: "AutoGridLayoutItem",
        spec: {
          element: { name: "panel-7" },
          conditionalRendering: {
            spec: {
              visibility: "hide",
              condition: "or",
              items: [
                {
                  kind: "ConditionalRenderingVariable",
                  spec: { variable: "a", operator: "equals", value: "1" },
                },
                { kind: "ConditionalRenderingData", spec: { value: true } },
                { kind: "ConditionalRenderingTimeRangeSize", spec: { value: "7d" } },
              ],
            },
          },
        },
      },
      { kind: "AutoGridLayoutItem", spec: { element: { name: "missing" } } },
    ],
  },
};
const VARIABLES = [
  {
    kind: "QueryVariable",
    spec: {
      name: "q",
      multi: true,
      sort: "naturalDesc",
      refresh: "onTimeRangeChanged",
      hide: "hideLabel",
      query: {
        kind: "DataQuery",
        group: "prometheus",
        spec: { __legacyStringValue: "label_values(up, job)" },
      },
      current: { value: ["a"], text: ["a"] },
    },
  },
  { kind: "DatasourceVariable", spec: { name: "d", pluginId: "loki" } },
  { kind: "TextVariable", spec: { name: "t", query: "x", current: { value: "y", text: "y" } } },
  {
    kind: "SwitchVariable",
    spec: { name: "s", current: "on", enabledValue: "on", disabledValue: "off" },
  },
  {
    kind: "AdhocVariable",
    group: "prometheus",
    spec: { name: "f", filters: [{ key: "k", operator: "=~", value: "v" }] },
  },
  { kind: "CustomVariable", spec: { name: "c", query: "a, b : 2" } },
];

describe("a dashboard of schema v2", () => {
  it("has panels with their queries, transformations and options", () => {
    const found = readDashboard(
      resource({ cursorSync: "Tooltip", timeSettings: { from: "now-1h", autoRefresh: "5s" } }),
    );
    expect([found.uid, found.title, found.crosshair, found.time.from, found.time.refresh]).toEqual([
      "uid-2",
      "Two",
      "tooltip",
      "now-1h",
      "5s",
    ]);
    expect(found.panels["panel-7"]).toMatchObject({
      id: 7,
      type: "timeseries",
      title: "Requests",
      interval: "30s",
      maxDataPoints: 100,
      timeFrom: "2h",
      queries: [{ refId: "A", dataSource: { type: "prometheus", uid: "prom" }, spec: { expr: "up" } }],
      transformations: [
        { id: "merge", options: { a: 1 }, disabled: false },
        { id: "organize", disabled: true },
      ],
      fieldConfig: { defaults: { unit: "s" } },
    });
    expect(found.layout).toEqual({
      kind: "grid",
      items: [
        {
          panel: "panel-7",
          x: 0,
          y: 2,
          width: 6,
          height: 4,
          repeat: { variable: "v", direction: "h", perRowMax: 2 },
        },
      ],
    });
  });
});

describe("the layout of schema v2", () => {
  it("has rows, tabs and automatic grids with conditions", () => {
    const rows = {
      kind: "RowsLayout",
      spec: { rows: [{ spec: { title: "R", collapse: true, layout: auto } }] },
    };
    const { layout } = readDashboard(
      resource({ layout: { kind: "TabsLayout", spec: { tabs: [{ spec: { title: "T", layout: rows } }] } } }),
    );
    expect(layout).toMatchObject({
      kind: "tabs",
      tabs: [
        {
          title: "T",
          layout: {
            kind: "rows",
            rows: [
              {
                title: "R",
                collapsed: true,
                layout: {
                  kind: "auto-grid",
                  columnsMax: 2,
                  columnWidth: 300,
                  rowHeight: 168,
                  items: [
                    { panel: "panel-7", condition: { show: false, every: false, items: [{}, {}, {}] } },
                  ],
                },
              },
            ],
          },
        },
      ],
    });
  });
});

describe("the variables of schema v2", () => {
  it("are of all kinds", () => {
    const { variables } = readDashboard(
      resource({
        variables: VARIABLES,
      }),
    );
    expect(variables).toMatchObject([
      {
        type: "query",
        name: "q",
        query: "label_values(up, job)",
        sort: "naturalDesc",
        refreshOnTime: true,
        hide: "label",
        current: { values: ["a"] },
      },
      { type: "datasource", query: "loki" },
      { type: "textbox", current: { values: ["y"] } },
      { type: "switch", current: { values: ["on"] }, options: [{ value: "on" }, { value: "off" }] },
      {
        type: "adhoc",
        dataSource: { type: "prometheus" },
        filters: [{ key: "k", operator: "=~", value: "v" }],
      },
      {
        type: "custom",
        options: [
          { text: "a", value: "a" },
          { text: "b", value: "2" },
        ],
      },
    ]);
  });
});
