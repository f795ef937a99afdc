import { describe, expect, it } from "vitest";
import type { Frame } from "../../data/frame";
import { sqlFrame } from "../../data/sources/sql";
import { callsChange, p95Change, shareChange } from "./change";
import { describe as describeGroup, errorGroupsOf, groupLogs, groupTraces } from "./error-groups";
import { errorFindings, modelFindings, receivedFindings, serviceFindings, targetFindings } from "./findings";
import { callsTraces, modelCallsOf } from "./model-calls";
import { MODEL_CALLS, servicesQuery } from "./queries";
import { servicesOf } from "./service-health";

const HOUR_MS = 3_600_000;
const TO_MS = Date.UTC(2026, 10, 20, 15);
const RANGE = { fromMs: TO_MS - HOUR_MS, toMs: TO_MS };
const iso = (ms: number) => new Date(ms).toISOString();

type Row = Record<string, string | number | boolean | null>;

function frames(rows: Row[]): Frame[] {
  const names = Object.keys(rows[0] ?? {});
  return [
    sqlFrame({
      columns: names.map((name) => ({ name, type: typeof rows[0]?.[name] === "number" ? "int64" : "text" })),
      rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    }),
  ];
}

const service = (name: string, spans: number, errors: number, p95 = 100, rest: Row = {}): Row => ({
  service_name: name,
  is_request: true,
  bucket: null,
  spans,
  errors,
  p95_ms: p95,
  p90_ms: p95,
  first_seen: iso(RANGE.fromMs - HOUR_MS),
  ...rest,
});

describe("a change", () => {
  const totals = (calls: number, errors = 0, p95Ms = 100, p90Ms = p95Ms) => ({ calls, errors, p95Ms, p90Ms });
  it("of the number of calls is shown when it is no chance", () => {
    expect(callsChange(1_200, 1_000)?.text).toBe("+20%");
    expect(callsChange(500, 1_000)?.text).toBe("−50%");
    expect(callsChange(30_000, 1_000)?.text).toBe("×30");
    expect(callsChange(3, 1)).toBeNull();
    expect(callsChange(23, 20)).toBeNull();
    expect(callsChange(1_000, 0)).toBeNull();
  });
  it("of a share is in points", () => {
    expect(shareChange(totals(1_000, 60), totals(1_000, 10))?.text).toBe("+5.0 points");
    expect(shareChange(totals(1_000, 10), totals(1_000, 60))?.text).toBe("−5.0 points");
    expect(shareChange(totals(3, 3), totals(3, 0))).toBeNull();
    expect(shareChange(totals(100, 3), totals(100, 2))).toBeNull();
  });
  it("of the 95th percentile needs more calls", () => {
    expect(p95Change(totals(100, 0, 300), totals(100, 0, 200))?.text).toBe("+50%");
    expect(p95Change(totals(10, 0, 300), totals(100, 0, 200))).toBeNull();
    expect(p95Change(totals(100, 0, 210), totals(100, 0, 200))).toBeNull();
  });
  it("of the 95th percentile is none when it moves alone", () => {
    expect(p95Change(totals(1_000, 0, 1_400, 90), totals(1_000, 0, 400, 90))).toBeNull();
    expect(p95Change(totals(1_000, 0, 400, 90), totals(1_000, 0, 1_400, 90))).toBeNull();
  });
});

describe("the services", () => {
  it("are in the order of their trouble", () => {
    const now = frames([
      service("calm", 5_000, 0),
      service("slow", 1_000, 0, 400),
      service("failing", 100, 20),
      service("two calls", 2, 1),
    ]);
    const before = frames([
      service("slow", 1_000, 0, 100),
      service("failing", 100, 0),
      service("gone", 400, 0),
      service("rare", 3, 0),
    ]);
    const found = servicesOf(now, before, RANGE);
    expect(found.map(({ name, trouble }) => [name, trouble])).toEqual([
      ["gone", ["silent"]],
      ["failing", ["errors"]],
      ["two calls", []],
      ["slow", ["slow"]],
      ["calm", []],
    ]);
    expect(serviceFindings(found).map(({ subject, text }) => `${subject} ${text}`)).toEqual([
      "gone sends no spans; there were 400 requests in the range before",
      "failing 20.0% of 100 requests failed (+20.0 points)",
      "slow the 95th percentile of its requests is 400 ms (+300%)",
    ]);
  });
  it("are measured by their requests, or by all spans when they have none", () => {
    const [web, worker] = servicesOf(
      frames([
        service("web", 100, 0, 50),
        service("web", 900, 9, 5, { is_request: false }),
        service("worker", 40, 0, 7, { is_request: false }),
      ]),
      undefined,
      RANGE,
    );
    expect(web).toMatchObject({
      hasRequests: true,
      totals: { calls: 100, p95Ms: 50 },
      spans: 1_000,
      errorSpans: 9,
    });
    expect(worker).toMatchObject({ hasRequests: false, totals: { calls: 40, p95Ms: 7 } });
  });
  it("have a point for each bucket", () => {
    const bucket = (index: number) => ({ bucket: iso(RANGE.fromMs + index * 120_000) });
    const rows = [
      service("web", 8, 2),
      service("web", 4, 0, 10, bucket(1)),
      service("web", 4, 2, 30, bucket(29)),
    ];
    const [web] = servicesOf(frames(rows), undefined, RANGE);
    expect(web?.calls).toHaveLength(30);
    expect([web?.calls[0], web?.calls[1], web?.calls[29]]).toEqual([0, 4, 4]);
    expect([web?.shares[1], web?.shares[29]]).toEqual([0, 0.5]);
    // Without calls the percentile stays what it was.
    expect([web?.p95s[1], web?.p95s[2], web?.p95s[29]]).toEqual([10, 10, 30]);
    expect(servicesQuery(HOUR_MS)).toContain("INTERVAL '120000 milliseconds'");
  });
  it("that came up in the range before have no change of their calls", () => {
    const late = { first_seen: iso(RANGE.fromMs - HOUR_MS / 2) };
    const change = (rest: Row) =>
      servicesOf(frames([service("web", 1_000, 0)]), frames([service("web", 500, 0, 100, rest)]), RANGE)[0]
        ?.change;
    expect(change(late)?.calls).toBeNull();
    expect(change({})?.calls?.text).toBe("+100%");
  });
});

const error = (message: string, rest: Row = {}): Row => ({
  service_name: "web",
  name: "GET /",
  type: "timeout",
  template: message,
  least: message,
  greatest: message,
  errors: 7,
  errors_before: 0,
  first_seen: iso(TO_MS - 60_000),
  last_seen: iso(TO_MS - 1_000),
  trace_id: "a".repeat(32),
  span_id: "b".repeat(16),
  ...rest,
});

describe("a group of errors", () => {
  const known = new Set(["web"]);
  it("comes first when it is new and frequent", () => {
    const found = errorGroupsOf(
      frames([error("old", { errors: 900, errors_before: 3 }), error("once", { errors: 1 }), error("new")]),
      [],
      known,
    );
    expect(found.map(({ message, isNew }) => [message, isNew])).toEqual([
      ["new", true],
      ["old", false],
      ["once", true],
    ]);
    expect(errorFindings(found).map(({ text }) => text)).toEqual(["new error, 7 times: GET /: timeout: new"]);
  });
  it("is not new when its service is", () => {
    expect(errorGroupsOf(frames([error("x")]), [], new Set())[0]?.isNew).toBe(false);
  });
  it("shows the message when all are the same, and else their template", () => {
    const messages = errorGroupsOf(
      frames([
        error("status <_>", { least: "status 503", greatest: "status 503" }),
        error("status <_>", { least: "status 500", greatest: "status 503" }),
      ]),
      [],
      known,
    ).map(({ message }) => message);
    expect(messages).toEqual(["status 503", "status <_>"]);
  });
  it("names what is given twice once", () => {
    const [group] = errorGroupsOf(frames([error("timeout")]), [], known);
    expect(group && describeGroup(group)).toBe("GET /: timeout");
  });
  it("opens the spans and the log records of it", () => {
    const row = error('no "<_>" in <_> of c:\\temp', { least: "a", greatest: "b" });
    const [group] = errorGroupsOf([], frames([row]), known);
    expect(group && groupLogs(group)).toBe(
      '{service_name="web"} |= "of c:" |= "temp" | detected_level=~"error|critical|fatal"',
    );
    expect(group && groupTraces(group)).toBe(
      '{ resource.service.name = "web" && name = "GET /" && status = error && (span.error.type = "timeout" || span.exception.type = "timeout" || event.exception.type = "timeout") }',
    );
  });
});

describe("the calls of models", () => {
  const calls = (model: string, type: string | null, count: number, cost: number | null = null): Row => ({
    service_name: "agent",
    model,
    error_type: type,
    calls: count,
    input_tokens: 10,
    output_tokens: 1,
    cost,
    p95_ms: 900,
  });
  const found = modelCallsOf(
    frames([
      calls("good", null, 100, 0.5),
      calls("bad", null, 40),
      calls("good", "", 100, 0.5),
      calls("bad", "rate_limit", 8),
      calls("bad", "timeout", 2),
    ]),
  );
  it("count their errors by class, those with most failures first", () => {
    expect(found.map(({ model, calls, errors, cost }) => [model, calls, errors, cost])).toEqual([
      ["bad", 40, 10, null],
      ["good", 100, 0, 0.5],
    ]);
    expect(found[0]?.errorTypes).toEqual([
      { type: "rate_limit", count: 8 },
      { type: "timeout", count: 2 },
    ]);
    expect(modelFindings(found).map(({ subject, text }) => `${subject} ${text}`)).toEqual([
      "bad 25.0% of 40 calls by agent failed, most with rate_limit",
    ]);
  });
  it("are found in traces by every name of the model", () => {
    const [bad] = found;
    const query = bad && callsTraces(bad, true, "timeout");
    expect(query).toMatch(/span\.gen_ai\.request\.model = "bad" \|\| .*span\.llm\.model_name = "bad"/);
    expect(query).toMatch(/status = error && \(span\.error\.type = "timeout"/);
    // A class that no attribute has cannot be searched for.
    expect(bad && callsTraces(bad, true, "unknown")).not.toContain("error.type");
  });
  it("are read in several conventions", () => {
    for (const name of [
      "gen_ai.request.model",
      "llm.model_name",
      "llm.token_count.prompt",
      "gen_ai.usage.prompt_tokens",
    ])
      expect(MODEL_CALLS).toContain(`'${name}'`);
  });
});

describe("what arrives", () => {
  const signal = (lastMs: number | null) => ({
    items_total: 1,
    rate_per_s: 0,
    rejected_total: 0,
    last_received_unix_ms: lastMs,
    head_rows: 1,
    part_rows: 0,
    part_bytes: 0,
    retention_s: 1,
    active_series: null,
  });
  const receiver = (atMs: number) => ({
    protocol: "otlp_http",
    address: "127.0.0.1:4318",
    state: "listening" as const,
    requests_total: 9,
    errors_total: 1,
    last_request_unix_ms: TO_MS,
    last_error: { message: "too large", at_unix_ms: atMs },
  });
  const overview = {
    version: "0",
    now_unix_ms: TO_MS,
    uptime_s: 1,
    data_dir_bytes: 0,
    signals: { spans: signal(TO_MS), logs: signal(TO_MS - 300_000), metrics: signal(TO_MS - 300_000) },
    services: [],
    receivers: [receiver(TO_MS - 60_000), receiver(TO_MS - 2 * HOUR_MS)],
    hints: [{ signal: "metrics", message: "No metrics arrive." }],
  };
  it("is in trouble when a receiver lost data in the range, a signal is late, or the server says so", () => {
    expect(
      receivedFindings(overview, RANGE.fromMs).map(({ subject, text }) => `${subject}: ${text}`),
    ).toEqual([
      "OTLP HTTP: did not keep all data 60 s ago: too large",
      "metrics: No metrics arrive.",
      "logs: The last logs arrived 5 min ago. The sender may have stopped, or cannot reach Glasshouse.",
    ]);
  });
  it("is in trouble when targets are down", () => {
    const target = (health: "up" | "down", url: string) => ({ health, url, error: "refused" }) as never;
    expect(targetFindings([target("up", "a")])).toEqual([]);
    expect(targetFindings([target("up", "a"), target("down", "b"), target("down", "c")])[0]).toMatchObject({
      subject: "2 targets",
      text: "of 3 down: b and others: refused",
    });
  });
});
