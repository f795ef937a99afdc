import { describe, expect, it } from "vitest";
import type { ScopedValue } from "../values/value";
import { actionsOf } from "./actions";

const RANGE = { fromMs: 0, toMs: 3_600_000 };
const KNOWN = {
  tags: [
    { name: "span", tags: ["session.id", "gen_ai.request.model"] },
    { name: "resource", tags: ["deployment.environment.name"] },
  ],
  labels: ["job", "gen_ai_request_model"],
};

/** The query that each action opens. */
function queries(value: Partial<ScopedValue>): Record<string, string | null> {
  const given: ScopedValue = { scope: "span", name: "", type: "string", text: "x", ...value };
  const { find, exclude, groupBy, open, traceId } = actionsOf(given, { pageRange: RANGE, known: KNOWN });
  const own = Object.entries({ find, exclude, groupBy });
  const text = (search: Record<string, unknown>) => String(search.query ?? search.q ?? search.expr);
  return {
    ...Object.fromEntries(own.map(([name, target]) => [name, target && text(target.search)])),
    ...Object.fromEntries(open.map(({ view, target }) => [view, text(target.search)])),
    traceId,
  };
}

describe("the value of an attribute of a span", () => {
  it("keeps its type, and its name is that of each language", () => {
    expect(queries({ name: "session.id", text: "a'b" })).toMatchObject({
      find: `{ span.session.id = "a'b" }`,
      exclude: `{ span.session.id != "a'b" }`,
      groupBy: expect.stringContaining(`SELECT attributes['session.id'] AS "session.id"`),
      Logs: `{service_name=~".+"} | session_id="a'b"`,
      SQL: expect.stringContaining(
        "FROM spans\nWHERE $__timeFilter(start_time)\n  AND attributes['session.id'] = 'a''b'",
      ),
    });
    expect(queries({ name: "tokens", type: "number", text: "5" })).toMatchObject({
      find: "{ span.tokens = 5 }",
      SQL: expect.stringContaining("attributes['tokens'] = '5'"),
    });
  });
  it("leads to metrics when a label has its name", () => {
    expect(queries({ name: "session.id" })).not.toHaveProperty("Metrics");
    expect(queries({ name: "gen_ai.request.model" }).Metrics).toBe(
      'topk(50, count by (__name__) ({gen_ai_request_model="x"}))',
    );
  });
  it("selects the service by the name that it has everywhere", () => {
    expect(queries({ scope: "resource", name: "service.name", text: "a.b" })).toMatchObject({
      find: '{ resource.service.name = "a.b" }',
      Logs: '{service_name="a.b"}',
      Metrics: 'topk(50, count by (__name__) ({job=~"(.+/)?a\\\\.b"}))',
      SQL: expect.stringContaining("AND service_name = 'a.b'"),
    });
  });
  it("is compared as an element only in traces", () => {
    const actions = queries({ name: "list", element: true });
    expect(actions).toMatchObject({ find: '{ span.list = "x" }', groupBy: null });
    expect(Object.keys(actions)).toEqual(["find", "exclude", "groupBy", "traceId"]);
  });
});

describe("the value of a field of a log line", () => {
  it("has the name of the attribute of spans that it is", () => {
    expect(queries({ scope: "metadata", name: "session_id" })).toMatchObject({
      find: '{service_name=~".+"} | session_id="x"',
      groupBy: expect.stringMatching(
        /^sum by \(session_id\) \(count_over_time\(.* \| session_id!="" \[1m\]\)\)$/,
      ),
      Traces: '{ span.session.id = "x" }',
      SQL: expect.stringContaining("coalesce(attributes['session_id'], attributes['session.id']) = 'x'"),
    });
    expect(queries({ scope: "stream", name: "deployment_environment_name" }).Traces).toBe(
      '{ resource.deployment.environment.name = "x" }',
    );
  });
  it("may have been a number, which its text does not tell", () => {
    expect(queries({ scope: "metadata", name: "session_id", text: "5" }).Traces).toBe(
      '{ (span.session.id = 5 || span.session.id = "5") }',
    );
  });
  it("leads to its trace, also when the id has leading zeros", () => {
    const id = `0000000000000000${"8448eb211c80319c"}`;
    for (const text of [id, "8448eb211c80319c", id.toUpperCase()])
      expect(queries({ scope: "metadata", name: "trace_id", text })).toMatchObject({
        traceId: id,
        Traces: `{ trace:id = "${id}" }`,
      });
  });
  it("leads nowhere when no store knows the name", () => {
    expect(queries({ scope: "json", name: "made.up", type: "number", text: "1" })).toEqual({
      find: '{service_name=~".+"} | json | made_up="1"',
      exclude: '{service_name=~".+"} | json | made_up!="1"',
      groupBy: expect.stringContaining("sum by (made_up)"),
      traceId: null,
    });
  });
});

describe("the value of a label of a series", () => {
  it("is the service when it is the job", () => {
    expect(queries({ scope: "label", name: "job", text: "shop/api" })).toMatchObject({
      Logs: '{service_name="api"}',
      Traces: '{ resource.service.name = "api" }',
      SQL: expect.stringContaining("labels['job'] = 'shop/api'"),
    });
  });
  it("is of no other signal when it is of a point", () => {
    expect(Object.keys(queries({ scope: "label", name: "le", text: "0.5" }))).not.toContain("Logs");
  });
  it("is another query when it is the name of the metric", () => {
    expect(queries({ scope: "label", name: "__name__", text: "a.b_total" })).toMatchObject({
      find: 'sum(rate({"a.b_total"}[$__rate_interval]))',
      exclude: null,
    });
  });
});

describe("the value of a column", () => {
  const changed = (change: (query: string) => string) => ({ query: change("SELECT 1") });
  const column = (value: Partial<ScopedValue>) =>
    actionsOf(
      { scope: "column", name: "a", type: "string", text: "x", ...value },
      { query: { language: "sql", changed }, pageRange: RANGE, known: KNOWN },
    );
  it("filters the rows of the query", () => {
    expect(column({ type: "number", text: "5" }).find?.search.query).toMatch(
      /SELECT 1\n\) AS result\nWHERE a = 5$/,
    );
    expect(column({ name: "attributes", key: "a.b" }).find?.search.query).toMatch(
      /WHERE attributes\['a.b'\] = 'x'$/,
    );
    expect(column({ name: "count(*)" }).groupBy?.search.query).toMatch(/^SELECT "count\(\*\)", count/);
  });
  it("leads to the signals that know the column", () => {
    expect(column({}).open).toEqual([]);
    const views = (value: Partial<ScopedValue>) => column(value).open.map(({ view }) => view);
    expect(views({ name: "service_name" })).toEqual(["Metrics", "Logs", "Traces"]);
    expect(views({ name: "attributes", key: "session.id" })).toEqual(["Logs", "Traces"]);
  });
});
