// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
import { describe, expect, it } from "vitest";
import { readAnswer } from "../api/prometheus";
import { displayName } from "../data/display-name";
import type { Frame } from "../data/frame";
import { logFrame } from "../data/log-lines";
import { seriesFrames } from "../data/sources/prometheus";
import { sqlFrame } from "../data/sources/sql";
import { traceFrame } from "../data/traces";
import { calendarOf } from "../time/calendar";
import { incompatibilities } from "./compatibility";
import { readDashboard } from "./read";
import { type PanelContext, panelFrames, panelRequests } from "./requests";
import { allVariables, linkUrl, titleText } from "./scope";
import { chosenOf } from "./variable-states";

function contextOf(json: object): PanelContext {
  const dashboard = readDashboard({ title: "T", uid: "u", ...json });
  const state = (variable: PanelContext["dashboard"]["variables"][number]) => {
    const { options } = variable;
    return [
      variable.name,
      { variable, options, chosen: chosenOf(variable, options, undefined), error: null },
    ] as const;
  };
  return {
    dashboard,
    variables: Object.fromEntries(dashboard.variables.map(state)),
    scoped: {},
    raw: { from: "now-1h", to: "now" },
    range: { fromMs: 0, toMs: 3_600_000 },
    dataSources: [],
    nowMs: 3_600_000,
    calendar: calendarOf("utc"),
    widthPx: 600,
  };
}

const LIST = [
  {
    name: "env",
    type: "custom",
    multi: true,
    query: "prod,test",
    current: { value: ["prod", "test"], text: ["prod", "test"] },
  },
];

function answered(panel: object, answers: Frame[][]): { frames: Frame[]; names: string[][] } {
  const context = contextOf({ templating: { list: LIST }, panels: [{ id: 1, type: "table", ...panel }] });
  const own = context.dashboard.panels["panel-1"];
  if (!own) throw new Error("no panel");
  const frames = panelFrames(own, panelRequests(own, context), answers);
  return {
    frames,
    names: frames.map((frame) => frame.fields.map((field) => displayName(field, frame, frames))),
  };
}

const vector = (result: object[]) =>
  seriesFrames(readAnswer({ data: { resultType: "vector", result } }), "x");

describe("the frames of a panel", () => {
  it.each([
    [{}, "none", ""],
    [{ fieldConfig: { defaults: { unit: "s", noValue: "–" }, overrides: [] } }, "s", "–"],
    [{ type: "stat" }, undefined, undefined],
  ])("of %j show numbers without a unit and missing values as Grafana does", (panel, unit, noValue) => {
    const { frames } = answered({ targets: [{ refId: "A", instant: true, expr: "x" }], ...panel }, [
      vector([{ metric: {}, value: [1, "0.123456789"] }]),
    ]);
    const { config } = frames[0]?.fields[1] ?? {};
    expect([config?.unit, config?.noValue]).toEqual([unit, noValue]);
  });
  it("are those of its queries, transformed and configured", () => {
    const target = { format: "table", instant: true, expr: "x" };
    const { frames, names } = answered(
      {
        targets: [
          { refId: "A", ...target },
          { refId: "B", ...target },
        ],
        transformations: [
          { id: "merge", options: {} },
          {
            id: "organize",
            options: { excludeByName: { Time: true }, renameByName: { "Value #B": "Errors in $env" } },
          },
        ],
        fieldConfig: {
          defaults: { unit: "short", displayName: "" },
          overrides: [
            {
              matcher: { id: "byName", options: "Value #A" },
              properties: [
                { id: "displayName", value: "Calls in ${env:csv}" },
                { id: "unit", value: "reqps" },
              ],
            },
          ],
        },
      },
      [
        vector([{ metric: { job: "a" }, value: [1, "2"] }]),
        vector([{ metric: { job: "a" }, value: [1, "5"] }]),
      ],
    );
    expect(names).toEqual([["job", "Calls in prod,test", "Errors in prod + test"]]);
    expect(frames[0]?.fields.map(({ values, config }) => [values, config.unit])).toEqual([
      [["a"], "short"],
      [[2], "reqps"],
      [[5], "short"],
    ]);
  });

  it("of logs and traces have Grafana's columns in a table", () => {
    const line = { nanos: "1000000", line: "text", stream: { a: "b" }, metadata: { c: "d" }, parsed: {} };
    const logs = answered({ targets: [{ refId: "A", datasource: { type: "loki" }, expr: '{a="b"}' }] }, [
      [logFrame([line])],
    ]);
    expect(logs.frames[0]?.fields.map(({ name, values }) => [name, values[0]])).toEqual([
      ["labels", { a: "b", c: "d" }],
      ["Time", 1],
      ["Line", "text"],
      ["tsNs", "1000000"],
    ]);
    const traces = answered({ targets: [{ refId: "A", datasource: { type: "tempo" }, query: "{}" }] }, [
      [traceFrame([])],
    ]);
    expect(traces.names).toEqual([["Trace ID", "Start time", "Service", "Name", "Duration"]]);
  });
});

describe("the rows of SQL", () => {
  const rows = sqlFrame({
    columns: [
      { name: "time", type: "timestamp" },
      { name: "metric", type: "text" },
      { name: "cost", type: "decimal" },
    ],
    rows: [
      ["1970-01-01T00:00:01.000000000Z", "a", "0.50"],
      ["1970-01-01T00:00:02.000000000Z", "a", "1.00"],
      ["1970-01-01T00:00:01.000000000Z", "b", null],
    ],
  });
  const target = { refId: "A", datasource: { type: "mysql" }, rawSql: "SELECT 1" };
  it("have times and numbers", () => {
    const { frames } = answered({ targets: [target] }, [[rows]]);
    expect(frames[0]?.fields.map(({ type, values }) => [type, values])).toEqual([
      ["time", [1_000, 2_000, 1_000]],
      ["string", ["a", "a", "b"]],
      ["number", [0.5, 1, null]],
    ]);
  });
  it("are series when the query wants them", () => {
    const { frames, names } = answered({ targets: [{ ...target, format: "time_series" }] }, [[rows]]);
    expect(names).toEqual([
      ["time", "a"],
      ["time", "b"],
    ]);
    expect(frames[0]?.fields.map(({ values }) => values)).toEqual([
      [1_000, 2_000],
      [0.5, 1],
    ]);
  });
});

describe("the texts and links of a dashboard", () => {
  const context = contextOf({ templating: { list: LIST } });
  it("have the values of variables", () => {
    expect(titleText("$env of ${__dashboard} from ${__from:date:YYYY}", context)).toBe(
      "prod + test of T from 1970",
    );
    expect(linkUrl("/d/x?${env:queryparam}&${__url_time_range}&a=${__value.raw}", context)).toBe(
      "/d/x?var-env=prod&var-env=test&from=now-1h&to=now&a=${__value.raw}",
    );
    expect(linkUrl("https://h/${env}?x=$env", context)).toBe(
      "https://h/%7Bprod%2Ctest%7D?x=%7Bprod%2Ctest%7D",
    );
    const all = {
      list: [
        { name: "every", type: "custom", includeAll: true, allValue: ".*", query: "a" },
        { name: "f", type: "adhoc", filters: [{ key: "k", operator: "=", value: "v" }] },
      ],
    };
    expect(titleText("$every${f}|${every:queryparam}&${f:queryparam}", contextOf({ templating: all }))).toBe(
      "All|var-every=%24__all&var-f=k%7C%3D%7Cv",
    );
    expect(allVariables({ ...context, scoped: { env: { value: "prod", text: "prod" } } })).toBe(
      "var-env=prod",
    );
  });
});

describe("what cannot be shown", () => {
  it("is listed once, with its panels", () => {
    const context = contextOf({
      panels: [
        { id: 1, title: "a", type: "canvas", transformations: [{ id: "spatial" }] },
        { id: 2, title: "b", type: "canvas", datasource: { type: "influxdb" }, targets: [{ refId: "A" }] },
      ],
    });
    expect(incompatibilities(context, (type) => type === "table")).toEqual([
      { kind: "panel", what: "canvas", where: ["a", "b"] },
      { kind: "transformation", what: "spatial", where: ["a"] },
      {
        kind: "query",
        what: 'Query A asks a data source of the type "influxdb", which is not supported.',
        where: ["b"],
      },
    ]);
  });
});
