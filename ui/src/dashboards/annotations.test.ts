import { describe, expect, it } from "vitest";
import { type Field, frameOf } from "../data/frame";
import { logFrame } from "../data/log-lines";
import { type AnnotationRequest, annotationRequest, isShownIn } from "./annotations";
import { readDashboard } from "./read";
import type { DashboardContext } from "./scope";

function contextOf(annotation: object): DashboardContext {
  const dashboard = readDashboard({ title: "T", uid: "u", annotations: { list: [annotation] } });
  const raw = { from: "now-1h", to: "now" };
  const range = { fromMs: 0, toMs: 3_600_000 };
  return { dashboard, variables: {}, scoped: {}, raw, range, dataSources: [] };
}

function asked(annotation: object): AnnotationRequest | string | null {
  const context = contextOf({ name: "Deploys", ...annotation });
  const [model] = context.dashboard.annotations;
  return model ? annotationRequest(model, context) : null;
}

function request(annotation: object): AnnotationRequest {
  const found = asked(annotation);
  if (typeof found === "string" || found === null) throw new Error(found ?? "nothing is asked");
  return found;
}

const PROMETHEUS = { datasource: { type: "prometheus" }, expr: "changes(x[1m])", step: "30s" };
const LOKI = { datasource: { type: "loki" }, target: { expr: '{a="b"}' } };
const SQL = { datasource: { type: "postgres" }, target: { rawSql: "SELECT 1" } };
const LABELS = { version: "v1", team: "a", alertname: "Down" };

const series = (times: number[], values: number[], labels: Record<string, string> = LABELS) =>
  frameOf([
    { name: "Time", type: "time", values: times, config: {} },
    { name: "Value", type: "number", values, labels, config: {} },
  ]);
const columns = (given: Record<string, unknown[]>) =>
  frameOf(
    Object.entries(given).map(([name, values]): Field => ({ name, type: "other", values, config: {} })),
  );

describe("an annotation query", () => {
  it.each([
    ["the built-in one", { builtIn: 1, datasource: "-- Grafana --" }],
    ["the built-in one of v2", { builtIn: true }],
    ["one without an expression", { datasource: { type: "prometheus" } }],
  ])("asks nothing: %s", (_name, annotation) => {
    expect(asked(annotation)).toBeNull();
  });
  it.each([
    ["-- Grafana --", /Deploys asks Grafana itself, which has no annotations here/],
    [{ type: "influxdb", uid: "i" }, /a data source of the type "influxdb", which has no annotations/],
  ])("cannot ask %j", (datasource, expected) => {
    expect(asked({ datasource, target: { type: "tags", tags: ["deploy"] } })).toMatch(expected);
  });
  it.each([
    [PROMETHEUS, { query: { expr: "changes(x[1m])" }, intervalMs: 30_000 }],
    [{ ...PROMETHEUS, expr: "rate(x[$__interval])" }, { query: { expr: "rate(x[30s])" } }],
    [{ datasource: { type: "prometheus" }, expr: "x" }, { intervalMs: 60_000 }],
    [LOKI, { query: { expr: '{a="b"}' } }],
    [SQL, { query: { rawSql: "SELECT 1" } }],
  ])("%j asks its source", (annotation, expected) => {
    expect(request(annotation).target.request).toMatchObject(expected);
  });
  it("is of the panels of its filter", () => {
    const [model] = contextOf({ filter: { ids: [3], exclude: true } }).dashboard.annotations;
    expect(model && [isShownIn(model, 3), isShownIn(model, 4)]).toEqual([false, true]);
  });
});

describe("the annotations of a metric", () => {
  const of = (part: object, times: number[], values: number[]) =>
    request({ ...PROMETHEUS, ...part }).annotations([series(times, values)]);
  it("are regions of samples above zero, at a distance of at most a step", () => {
    const found = of({}, [0, 30_000, 60_000, 120_000], [1, 1, 0, 2]);
    expect(found.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 30_000],
      [120_000, 120_000],
    ]);
  });
  it("have the values as their times", () => {
    const found = of({ useValueForTime: true }, [0, 30_000], [1_500_000, 1_500_000.5]);
    expect(found.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [1_500_000, 1_500_000],
      [1_500_000, 1_500_000],
    ]);
  });
  it.each([
    [{}, { title: "Down", text: "", tags: [] }],
    [{ titleFormat: "{{ version }} of {{team}}{{none}}" }, { title: "v1 of a" }],
    [{ titleFormat: "{{constructor}}" }, { title: "Down" }],
    [
      { textFormat: "to {{version}}", tagKeys: "team, version,none" },
      { text: "to v1", tags: ["a", "v1"] },
    ],
    [{ iconColor: "red" }, { color: "red" }],
  ])("have the texts of %j", (part, expected) => {
    expect(of(part, [0], [1])[0]).toMatchObject(expected);
  });
  it("are bounded", () => {
    const times = Array.from({ length: 4_000 }, (_, index) => index * 120_000);
    expect(
      of(
        {},
        times,
        times.map(() => 1),
      ),
    ).toHaveLength(1_000);
  });
});

describe("the annotations of logs", () => {
  it("are lines, or regions of a count", () => {
    const line = { nanos: "5000000", line: "boom", stream: { level: "error" }, metadata: {}, parsed: {} };
    const { annotations } = request({ ...LOKI, tagKeys: "level" });
    expect(annotations([logFrame([line])])).toMatchObject([{ fromMs: 5, text: "boom", tags: ["error"] }]);
    expect(annotations([series([0, 60_000], [1, 1])])).toMatchObject([{ fromMs: 0, toMs: 60_000 }]);
  });
});

describe("the annotations of SQL", () => {
  it("have the columns of Grafana, and times in seconds or milliseconds", () => {
    const frame = columns({
      Time: [1_700_000_000, 1_700_000_000_000, null],
      timeEnd: [1_700_000_060, null, null],
      text: ["deploy", null, "none"],
      tags: ["a, b", null, ""],
    });
    expect(request(SQL).annotations([frame])).toMatchObject([
      { fromMs: 1_700_000_000_000, toMs: 1_700_000_060_000, text: "deploy", tags: ["a", "b"] },
      { fromMs: 1_700_000_000_000, toMs: 1_700_000_000_000, text: "", tags: [] },
    ]);
  });
});
