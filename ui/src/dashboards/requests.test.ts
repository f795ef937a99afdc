// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
import { describe, expect, it } from "vitest";
import { record } from "../api/decode";
import type { DataSourceEntry } from "../api/generated";
import { frameOf } from "../data/frame";
import { calendarOf } from "../time/calendar";
import { readDashboard } from "./read";
import { type PanelContext, panelFrames, panelRequests } from "./requests";
import { chosenOf } from "./variable-states";

const SOURCES: DataSourceEntry[] = [
  { name: "Prom", uid: "prom-1", type: "prometheus", is_default: true, time_interval: "30s" },
  { name: "Logs", uid: "loki-1", type: "loki", is_default: false, time_interval: "" },
];

function contextOf(json: Record<string, unknown>, rest: Partial<PanelContext> = {}): PanelContext {
  const dashboard = readDashboard({ title: "T", uid: "u", ...json });
  const variables = Object.fromEntries(
    dashboard.variables.map((variable) => {
      const { options } = variable;
      return [
        variable.name,
        { variable, options, chosen: chosenOf(variable, options, undefined), error: null },
      ];
    }),
  );
  return {
    dashboard,
    variables,
    scoped: {},
    raw: { from: "now-1h", to: "now" },
    range: { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 },
    dataSources: SOURCES,
    nowMs: 1_700_003_600_000,
    calendar: calendarOf("utc"),
    widthPx: 600,
    ...rest,
  };
}

function asked(
  panel: Record<string, unknown>,
  json: Record<string, unknown> = {},
  rest: Partial<PanelContext> = {},
) {
  const context = contextOf({ ...json, panels: [{ id: 1, type: "timeseries", ...panel }] }, rest);
  const own = context.dashboard.panels["panel-1"];
  if (!own) throw new Error("no panel");
  return panelRequests(own, context);
}

const query = (
  panel: Record<string, unknown>,
  json?: Record<string, unknown>,
  rest?: Partial<PanelContext>,
) => asked(panel, json, rest).requests.map(({ target }) => record(target.request.query));

describe("a query of Prometheus", () => {
  it("has the distance of its points in its macros", () => {
    const { requests } = asked({
      targets: [{ refId: "A", expr: "rate(x[$__rate_interval]) + y[$__interval] + z[${__range_s}s]" }],
    });
    expect(requests[0]?.target.request).toEqual({
      query: { expr: "rate(x[2m]) + y[30s] + z[3600s]" },
      // Whole steps.
      range: { fromMs: 1_699_999_980_000, toMs: 1_700_003_580_000 },
      intervalMs: 30_000,
    });
  });

  it.each([
    [{ maxDataPoints: 60 }, {}, 60_000],
    [{ interval: "2m" }, {}, 120_000],
    [{ interval: ">5m" }, { intervalFactor: 2 }, 600_000],
    [{}, { interval: "1m" }, 60_000],
    [{}, { interval: "$__rate_interval" }, 120_000],
    [{}, { interval: "$step" }, 300_000],
  ])("of a panel with %j and a target with %j has points %s ms apart", (panel, target, expected) => {
    const json = { templating: { list: [{ name: "step", type: "custom", query: "5m" }] } };
    const { requests } = asked({ ...panel, targets: [{ refId: "A", expr: "x", ...target }] }, json);
    expect(requests[0]?.target.request.intervalMs).toBe(expected);
  });

  it("is one of an instant, of a range, or both", () => {
    const kinds = (target: Record<string, unknown>) =>
      asked({ targets: [{ refId: "A", expr: "x", ...target }] }).requests.map(
        ({ target: { refId, request } }) => [refId, record(request.query).instant === true],
      );
    expect(kinds({})).toEqual([["A", false]]);
    expect(kinds({ instant: true })).toEqual([["A", true]]);
    expect(kinds({ instant: true, range: true })).toEqual([
      ["A", false],
      ["A-Instant", true],
    ]);
    expect(kinds({ hide: true })).toEqual([]);
    expect(kinds({ expr: "" })).toEqual([]);
  });
});

describe("an expression", () => {
  const EXPRESSION = { datasource: { type: "__expr__", uid: "__expr__" }, type: "math" };
  const panel = {
    targets: [
      { refId: "A", expr: "a", hide: true, instant: true },
      { refId: "B", expr: "b", hide: true },
      { refId: "C", ...EXPRESSION, expression: "$D * $factor" },
      { refId: "D", ...EXPRESSION, expression: "$A + 1", hide: true },
    ],
  };
  const json = { templating: { list: [{ name: "factor", type: "custom", query: "10" }] } };
  it("asks the hidden queries that it is computed of, and shows only its own values", () => {
    const found = asked(panel, json);
    expect(found.requests.map(({ refId }) => refId)).toEqual(["A"]);
    const answer = frameOf(
      [
        { name: "Time", type: "time", values: [0], config: {} },
        { name: "Value", type: "number", values: [4], labels: { job: "a" }, config: {} },
      ],
      { meta: { type: "numeric" } },
    );
    const model = found.context.dashboard.panels["panel-1"];
    expect(model && panelFrames(model, found, [[answer]])).toMatchObject([
      { refId: "C", fields: [{ name: "C", values: [50], labels: { job: "a" } }] },
    ]);
  });
});

describe("the variables of a query", () => {
  it("are repeats, variables and inputs", () => {
    const json = {
      __inputs: [{ name: "VAR_ENV", type: "constant", value: "prod" }],
      templating: {
        list: [
          {
            name: "job",
            type: "custom",
            multi: true,
            includeAll: true,
            query: "a.b,c",
            current: { value: ["$__all"], text: ["All"] },
          },
          { name: "one", type: "custom", query: "x.y" },
          {
            name: "every",
            type: "custom",
            includeAll: true,
            allValue: ".+",
            query: "x",
            current: { value: "$__all", text: "All" },
          },
        ],
      },
    };
    const targets = [
      { refId: "A", expr: 'x{job=~"$job", one="[[one]]", every=~"^$every$", env="${VAR_ENV}"}' },
    ];
    expect(query({ targets }, json)[0]?.expr).toBe(
      'x{job=~"(a\\\\.b|c)", one="x.y", every=~"^.+$", env="prod"}',
    );
    const scoped = { job: { value: "a.b", text: "a.b" } };
    expect(query({ targets: [{ refId: "A", expr: 'x{job=~"$job"}' }] }, json, { scoped })[0]?.expr).toBe(
      'x{job=~"a\\\\.b"}',
    );
  });

  it("are ad hoc filters of its data source", () => {
    const json = {
      templating: {
        list: [
          {
            name: "f",
            type: "adhoc",
            datasource: { type: "prometheus", uid: "prom-1" },
            filters: [{ key: "job", operator: "=", value: "a" }],
          },
          {
            name: "g",
            type: "adhoc",
            datasource: { type: "loki", uid: "x" },
            filters: [{ key: "app", operator: "=", value: "b" }],
            baseFilters: [{ key: "env", operator: "!=", value: "test" }],
          },
          { name: "by", type: "groupby", datasource: { type: "prometheus" }, current: { value: ["zone"] } },
        ],
      },
    };
    const targets = [
      { refId: "A", expr: "sum(x) by (le)" },
      { refId: "B", datasource: "Logs", expr: '{a="b"} | json' },
    ];
    expect(query({ targets }, json).map(({ expr }) => expr)).toEqual([
      'sum(x{job="a"}) by (le, zone)',
      '{a="b"} | json | env!="test" | app="b"',
    ]);
  });

  it("are of the time range of its panel", () => {
    const targets = [{ refId: "A", expr: "x[$__range]" }];
    const found = asked({ targets, timeFrom: "2h", timeShift: "1d" });
    expect(found.range).toEqual({
      fromMs: 1_700_003_600_000 - 26 * 3_600_000,
      toMs: 1_700_003_600_000 - 24 * 3_600_000,
    });
    expect(record(found.requests[0]?.target.request.query).expr).toBe("x[7200s]");
  });
});

describe("the data source of a query", () => {
  const types = (panel: Record<string, unknown>, json?: Record<string, unknown>) => {
    const { requests, problems, shared } = asked(panel, json);
    return shared ? "shared" : (requests[0]?.target.source.type ?? problems[0]);
  };
  const expr = [{ refId: "A", expr: "up" }];
  it.each([
    ["absent", { targets: expr }, "prometheus"],
    ["null", { datasource: null, targets: expr }, "prometheus"],
    ["a name", { datasource: "Logs", targets: expr }, "loki"],
    [
      "a name in a target",
      { datasource: "Prom", targets: [{ refId: "A", expr: "up", datasource: "Logs" }] },
      "loki",
    ],
    ["a uid", { datasource: { uid: "loki-1" }, targets: expr }, "loki"],
    ["a type", { datasource: { type: "loki", uid: "elsewhere" }, targets: expr }, "loki"],
    ["an unknown name", { datasource: "elsewhere", targets: expr }, "prometheus"],
    [
      "an unknown name of a query of logs",
      { datasource: "elsewhere", targets: [{ expr: '{a="b"} |= "x"' }] },
      "loki",
    ],
    [
      "mixed",
      { datasource: "-- Mixed --", targets: [{ refId: "A", expr: "up", datasource: { type: "loki" } }] },
      "loki",
    ],
    ["a variable", { datasource: "$ds", targets: expr }, "loki"],
    ["a variable in an object", { datasource: { uid: "${ds}" }, targets: expr }, "loki"],
    ["an input", { datasource: "${DS_X}", targets: expr }, "loki"],
    ["another panel", { datasource: "-- Dashboard --", targets: [{ refId: "A", panelId: 2 }] }, "shared"],
    [
      "VictoriaMetrics",
      { datasource: { type: "victoriametrics-metrics-datasource" }, targets: expr },
      "prometheus",
    ],
    [
      "SQL",
      { datasource: { type: "grafana-clickhouse-datasource" }, targets: [{ rawSql: "SELECT 1" }] },
      "sql",
    ],
    [
      "a scenario of TestData",
      { targets: [{ refId: "A", datasource: { type: "testdata" }, scenarioId: "csv_file" }] },
      'Query A asks the scenario "csv_file" of TestData, which is not supported.',
    ],
    [
      "an expression",
      { targets: [{ refId: "C", datasource: { type: "__expr__", uid: "__expr__" }, expression: "$A +" }] },
      "Query C is an expression that ends too early.",
    ],
    [
      "unknown",
      { datasource: { type: "influxdb" }, targets: expr },
      'Query A asks a data source of the type "influxdb", which is not supported.',
    ],
  ])("that is %s", (_name, panel, expected) => {
    const json = {
      __inputs: [{ name: "DS_X", type: "datasource", pluginId: "loki" }],
      templating: {
        list: [
          { name: "ds", type: "datasource", query: "loki", current: { value: "default", text: "default" } },
        ],
      },
    };
    expect(types(panel, json)).toBe(expected);
  });

  it("is an input also in a collapsed row", () => {
    const row = {
      type: "row",
      collapsed: true,
      panels: [{ id: 1, type: "logs", datasource: "${DS_X}", targets: expr }],
    };
    const context = contextOf({ __inputs: [{ name: "DS_X", pluginId: "loki" }], panels: [row] });
    const panel = context.dashboard.panels["panel-1"];
    expect(panel && panelRequests(panel, context).requests[0]?.target.source.type).toBe("loki");
  });
});

describe("a query of logs, traces and SQL", () => {
  it("of logs has lines, or the values at the end of the range", () => {
    const logs = (target: object) => query({ datasource: "Logs", targets: [{ refId: "A", ...target }] })[0];
    expect(logs({ expr: '{a="b"}', maxLines: 20 })).toEqual({ expr: '{a="b"}', maxLines: 20 });
    expect(logs({ expr: 'sum(rate({a="b"}[$__auto]))', queryType: "instant" })).toEqual({
      expr: 'sum(rate({a="b"}[3600s]))',
      maxLines: 1_000,
      instant: true,
    });
  });

  const traces = (type: string, target: object) => {
    const { requests, problems } = asked({ datasource: { type }, targets: [{ refId: "A", ...target }] });
    return problems[0] ?? record(requests[0]?.target.request.query).query;
  };
  it.each([
    ["tempo", { queryType: "traceql", query: "{ status = error }" }, "{ status = error }"],
    ["tempo", { query: "0123456789abcdef" }, '{ trace:id = "0123456789abcdef" }'],
    [
      "tempo",
      { queryType: "nativeSearch", serviceName: "api", minDuration: "1s" },
      '{ resource.service.name = "api" && duration >= 1s }',
    ],
    [
      "tempo",
      {
        queryType: "traceqlSearch",
        filters: [
          { tag: "service.name", scope: "resource", operator: "=", value: ["a", "b"], valueType: "string" },
        ],
      },
      '{ resource.service.name =~ "a|b" }',
    ],
    ["tempo", { queryType: "serviceMap" }, "Query A is a service map, which is not supported."],
    ["tempo", { query: "{ } | rate()" }, "Query A is a TraceQL metrics query, which is not supported."],
    [
      "jaeger",
      { queryType: "search", service: "api", operation: "All", tags: "http.status_code=500" },
      '{ resource.service.name = "api" && .http.status_code = "500" }',
    ],
    ["jaeger", { queryType: "dependencyGraph" }, "Query A is a dependency graph, which is not supported."],
  ])("of traces in %s: %j", (type, target, expected) => expect(traces(type, target)).toBe(expected));

  it.each([
    [
      "SELECT $__timeGroup(time, '5m') WHERE $__timeFilter(time) AND x > $__fromTime",
      "SELECT date_bin(INTERVAL '300 seconds', time) WHERE $__timeFilter(time) AND x > $__timeFrom()",
    ],
    ["SELECT $__timeInterval(t) LIMIT $__interval_s", "SELECT date_bin(INTERVAL '15 seconds', t) LIMIT 15"],
    ["WHERE $__unixEpochFilter(t)", "WHERE (t >= 1700000000 AND t <= 1700003600)"],
  ])("of SQL has its macros replaced, or those of the source: %s", (rawSql, expected) => {
    expect(query({ datasource: { type: "mysql" }, targets: [{ refId: "A", rawSql }] })[0]?.rawSql).toBe(
      expected,
    );
  });
});
