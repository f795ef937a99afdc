// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
/** Dashboards that other tools could not show; the numbers are those of the list of cases. */
import { describe, expect, it } from "vitest";
import { record } from "../api/decode";
import type { DataSourceEntry } from "../api/generated";
import { readAnswer } from "../api/prometheus";
import type { Frame } from "../data/frame";
import { seriesFrames } from "../data/sources/prometheus";
import { calendarOf } from "../time/calendar";
import { filterByRegex } from "./option-order";
import { readDashboard } from "./read";
import { type PanelContext, panelFrames, panelRequests } from "./requests";
import { chosenOf } from "./variable-states";

const SOURCES: DataSourceEntry[] = [
  { name: "Prom", uid: "prom", type: "prometheus", is_default: true, time_interval: "" },
  { name: "Logs", uid: "logs", type: "loki", is_default: false, time_interval: "" },
];
const EXPR = [{ refId: "A", expr: "m" }];

function contextOf(json: object): PanelContext {
  const dashboard = readDashboard({ title: "T", uid: "u", ...json });
  const variables = Object.fromEntries(
    dashboard.variables.map((variable) => {
      const { name, options } = variable;
      return [
        name,
        { variable, options, chosen: chosenOf(variable, options, undefined), error: null },
      ] as const;
    }),
  );
  const [fromMs, toMs] = [1_700_000_000_000, 1_700_003_600_000];
  const raw = { from: "now-1h", to: "now" };
  const rest = { scoped: {}, raw, nowMs: toMs, calendar: calendarOf("utc"), widthPx: 600 };
  return { dashboard, variables, range: { fromMs, toMs }, dataSources: SOURCES, ...rest };
}

function requestsOf(json: object) {
  const context = contextOf(json);
  return Object.values(context.dashboard.panels).map((panel) => panelRequests(panel, context));
}

const sourcesOf = (json: object) =>
  requestsOf(json).map(({ requests, problems }) => requests[0]?.target.source.type ?? problems[0]);

describe("a data source", () => {
  const panels = [
    "Logs",
    { type: "loki", uid: "logs" },
    null,
    "-- Mixed --",
    { type: "datasource", uid: "-- Mixed --" },
    { uid: "-- Mixed --" },
    undefined,
  ].map((datasource, index) => ({ id: index + 1, type: "timeseries", datasource, targets: EXPR }));
  const expected = ["loki", "loki", ...new Array(5).fill("prometheus")];

  it("is a text, an object, absent or mixed (D01)", () => expect(sourcesOf({ panels })).toEqual(expected));
  it.each(["Logs", { type: "loki", uid: "logs" }, null])(
    "of a row may be %j, and is not that of its panels (D01)",
    (datasource) => {
      const row = { type: "row", id: 90, title: "Row", datasource };
      expect(sourcesOf({ panels: [{ ...row, collapsed: true, panels }] })).toEqual(expected);
      expect(sourcesOf({ panels: [{ ...row, collapsed: false, panels: [] }, ...panels] })).toEqual(expected);
    },
  );
  it("of a target in a mixed panel is its own (D01)", () => {
    const targets = [
      { ...EXPR[0], datasource: "Logs" },
      { ...EXPR[0], refId: "B", datasource: { uid: "prom" } },
    ];
    const [asked] = requestsOf({ panels: [{ id: 1, type: "logs", datasource: "-- Mixed --", targets }] });
    expect(asked?.requests.map(({ target }) => target.source.type)).toEqual(["loki", "prometheus"]);
  });
  it("that is an input is replaced in a collapsed row too (D03)", () => {
    const inner = [
      { id: 1, type: "timeseries", datasource: { type: "loki", uid: "${DS_X}" }, targets: EXPR },
    ];
    const inputs = [{ name: "DS_X", type: "datasource", pluginId: "loki" }];
    const row = { type: "row", collapsed: true, datasource: "${DS_X}", panels: inner };
    expect(sourcesOf({ __inputs: inputs, panels: [row] })).toEqual(["loki"]);
  });
});

describe("the regular expression of a variable", () => {
  const options = ["prod-api", "prod-billing", "prod-api2"].map((value) => ({ text: value, value }));
  it.each([
    ["/(!?^\\w+-((?!billing|\\d).)*$)/", ["prod-api"]],
    ["/[^\\d]/", ["prod-api", "prod-billing", "prod-api2"]],
    ["/^(?!.*billing)(?<text>.*)$/", ["prod-api", "prod-api2"]],
  ])("may look ahead: %s (D05)", (regex, expected) =>
    expect(filterByRegex(options, regex, "value").map(({ value }) => value)).toEqual(expected),
  );
});

describe("All", () => {
  it.each([
    ['m{l=~"^$var$"}', 'm{l=~"^(a\\\\.b|c)$"}', undefined],
    ['m{l=~"$var"}', 'm{l=~"(a\\\\.b|c)"}', undefined],
    ['m{l=~"^$var$"}', 'm{l=~"^.*$"}', ".*"],
  ])("in %s is a regular expression with escaped dots, or the one that is configured (D07)", (...given) => {
    const [expr, expected, allValue] = given;
    const current = { text: "All", value: "$__all" };
    const variable = { name: "var", type: "custom", query: "a.b,c", includeAll: true, allValue, current };
    const [asked] = requestsOf({
      templating: { list: [variable] },
      panels: [{ id: 1, type: "timeseries", targets: [{ refId: "A", expr }] }],
    });
    expect(record(asked?.requests[0]?.target.request.query).expr).toBe(expected);
  });
});

describe("a label", () => {
  const ID = "2882377905688543293";
  const series: Frame[] = seriesFrames(
    readAnswer({
      data: { resultType: "matrix", result: [{ metric: { id: ID }, values: [[1_700_000_000, "1"]] }] },
    }),
    "m",
  );
  it.each([
    ["a table", { format: "table", instant: true, legendFormat: "" }, []],
    ["rows of labels", { legendFormat: "{{id}}" }, [{ id: "labelsToFields", options: {} }]],
    [
      "a calculation",
      { legendFormat: "{{id}}" },
      [{ id: "reduce", options: { reducers: ["last"], labelsToFields: true } }],
    ],
    ["a calculation without labels", { legendFormat: "{{id}}" }, [{ id: "reduce", options: {} }]],
  ])("that is a number of 64 bits stays a text in %s (D09)", (_case, target, transformations) => {
    const context = contextOf({
      panels: [{ id: 1, type: "table", targets: [{ ...EXPR[0], ...target }], transformations }],
    });
    const panel = context.dashboard.panels["panel-1"];
    if (!panel) throw new Error("there is no panel");
    const frames = panelFrames(panel, panelRequests(panel, context), [series]);
    expect(frames.flatMap(({ fields }) => fields.flatMap(({ values }) => values as unknown[]))).toContain(ID);
  });
});
