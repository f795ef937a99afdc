// @ts-check
/** The SQL questions of Home, answered from the dataset: each is recognised by a part that only it has. */
/** @import { JsonValue, SqlAnswer } from "../src/api/generated" */

/**
 * @typedef {import("./dataset.mjs").Span & { parent: string, kind: number }} Span
 * @typedef {{ atMs: number, service: string, level: string, traceId: string, body: { message: string } }} Log
 * @typedef {{ traces: { spans: Span[] }[], logs: Log[] }} Dataset
 * @typedef {{ [name: string]: JsonValue }} Row
 */

const SERVER = 2;
const CONSUMER = 5;

/** @type {[string, (query: string, dataset: Dataset) => { types: Row, rows: Row[] }][]} */
const QUESTIONS = [
  ["GROUPING SETS ((service_name, is_request)", (query, dataset) => services(query, dataset, true)],
  ["AS is_request, count(*)", (query, dataset) => services(query, dataset, false)],
  ["FROM failed AS child", failedSpans],
  ["severity_number >= 17", failedLogs],
  ["GROUPING SETS ((service_name, model)", modelCalls],
];

/** @type {(query: string, dataset: Dataset) => SqlAnswer | null} */
export function health(query, dataset) {
  const found = QUESTIONS.find(([part]) => query.includes(part));
  if (!found) return null;
  const { types, rows } = found[1](query, dataset);
  return {
    columns: Object.entries(types).map(([name, type]) => ({ name, type: String(type) })),
    rows,
    truncated: false,
  };
}

/** The instants of a query, ascending. @type {(query: string) => number[]} */
const instants = (query) =>
  [...query.matchAll(/TIMESTAMP '([^']+)'/g)]
    .map(([, text = ""]) => Date.parse(`${text.replace(" ", "T")}Z`))
    .sort((left, right) => left - right);

/** @type {<Item>(items: Item[], keyOf: (item: Item) => JsonValue) => [Item, ...Item[]][]} */
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/** @type {(spans: Span[], part: number) => number} */
function percentile(spans, part) {
  const ascending = spans.map(({ durationMs }) => durationMs).sort((left, right) => left - right);
  return ascending[Math.floor(part * (ascending.length - 1))] ?? 0;
}

/** @type {(ms: number) => string} */
const iso = (ms) => new Date(ms).toISOString();
/** @type {(dataset: Dataset, fromMs: number, toMs: number) => Span[]} */
const spansOf = ({ traces }, fromMs, toMs) =>
  traces.flatMap(({ spans }) => spans).filter(({ startMs }) => startMs >= fromMs && startMs < toMs);

/** @type {(query: string, dataset: Dataset, points: boolean) => { types: Row, rows: Row[] }} */
function services(query, dataset, points) {
  const times = instants(query);
  const [fromMs = 0, toMs = 0] = [times[0], times.at(-1)];
  const stepMs = Number(/INTERVAL '(\d+) milliseconds'/.exec(query)?.[1] ?? toMs - fromMs);
  const spans = spansOf(dataset, fromMs, toMs);
  /** @type {(span: Span) => boolean} */
  const isRequest = ({ kind, parent }) => kind === SERVER || kind === CONSUMER || parent === "";
  /** @type {(span: Span) => number} */
  const bucketOf = ({ startMs }) => Math.floor((startMs - fromMs) / stepMs);
  /** @type {(bucketed: boolean) => Row[]} */
  const rows = (bucketed) =>
    grouped(spans, (span) => [span.service, isRequest(span), bucketed ? bucketOf(span) : 0]).map((group) => ({
      service_name: group[0].service,
      is_request: isRequest(group[0]),
      bucket: bucketed ? iso(fromMs + bucketOf(group[0]) * stepMs) : null,
      spans: group.length,
      errors: group.filter(({ error }) => error).length,
      p95_ms: percentile(group, 0.95),
      p90_ms: percentile(group, 0.9),
      first_seen: iso(Math.min(...group.map(({ startMs }) => startMs))),
    }));
  return {
    types: {
      service_name: "text",
      is_request: "boolean",
      bucket: "timestamp",
      spans: "int64",
      errors: "int64",
      p95_ms: "float64",
      p90_ms: "float64",
      first_seen: "timestamp",
    },
    rows: [...rows(false), ...(points ? rows(true) : [])],
  };
}

const GROUP_TYPES = {
  service_name: "text",
  name: "text",
  type: "text",
  template: "text",
  least: "text",
  greatest: "text",
  errors: "int64",
  errors_before: "int64",
  first_seen: "timestamp",
  last_seen: "timestamp",
  trace_id: "text",
  span_id: "text",
};

/**
 * @typedef {{ atMs: number, service: string, name: string | null, type: string | null, message: string, traceId: string,
 *   spanId: string | null }} Failure
 */
/** @type {(query: string, failures: Failure[]) => { types: Row, rows: Row[] }} */
function groupsOf(query, failures) {
  const times = instants(query);
  const [fromMs = 0, toMs = 0] = [times[0], times.at(-1)];
  const beforeMs = fromMs - Number(/INTERVAL '(\d+) milliseconds'/.exec(query)?.[1] ?? 0);
  /** @type {(text: string) => string} */
  const template = (text) => text.replace(/"[^"]*"|\w*\d\w*/g, "<_>");
  const inBoth = failures.filter(({ atMs }) => atMs >= beforeMs && atMs < toMs);
  const rows = grouped(inBoth, ({ service, name, type, message }) => [service, name, type, template(message)])
    .map((group) => {
      const newest = group.reduce((left, right) => (left.atMs > right.atMs ? left : right));
      const messages = group.map(({ message }) => message).sort();
      return {
        service_name: newest.service,
        name: newest.name,
        type: newest.type,
        template: template(newest.message),
        least: messages[0] ?? "",
        greatest: messages.at(-1) ?? "",
        errors: group.filter(({ atMs }) => atMs >= fromMs).length,
        errors_before: group.filter(({ atMs }) => atMs < fromMs).length,
        first_seen: iso(Math.min(...group.map(({ atMs }) => atMs))),
        last_seen: iso(newest.atMs),
        trace_id: newest.traceId,
        span_id: newest.spanId,
      };
    })
    .filter(({ errors }) => errors > 0);
  return { types: GROUP_TYPES, rows };
}

/** @type {(query: string, dataset: Dataset) => { types: Row, rows: Row[] }} */
function failedSpans(query, { traces }) {
  const failed = traces.flatMap(({ spans }) => spans).filter(({ error }) => error);
  const parents = new Set(failed.map(({ parent }) => parent));
  const failures = failed
    .filter(({ spanId }) => !parents.has(spanId))
    .map(({ startMs, service, name, error, traceId, spanId }) => ({
      atMs: startMs,
      service,
      name,
      type: error,
      message: error ?? "",
      traceId,
      spanId,
    }));
  return groupsOf(query, failures);
}

/** @type {(query: string, dataset: Dataset) => { types: Row, rows: Row[] }} */
function failedLogs(query, { logs }) {
  const failures = logs
    .filter(({ level }) => level === "error")
    .map(({ atMs, service, body, traceId }) => ({
      atMs,
      service,
      name: null,
      type: null,
      message: body.message,
      traceId,
      spanId: null,
    }));
  return groupsOf(query, failures);
}

/** @type {(query: string, dataset: Dataset) => { types: Row, rows: Row[] }} */
function modelCalls(query, dataset) {
  const [fromMs = 0, toMs = 0] = instants(query);
  const calls = spansOf(dataset, fromMs, toMs).filter(({ attributes }) => attributes["gen_ai.request.model"]);
  /** @type {(group: Span[], name: string) => number} */
  const sum = (group, name) =>
    group.reduce((total, { attributes }) => total + Number(attributes[name] ?? 0), 0);
  /** @type {(classed: boolean) => Row[]} */
  const rows = (classed) =>
    grouped(calls, ({ service, attributes, error }) => [
      service,
      attributes["gen_ai.request.model"] ?? "",
      classed ? error : null,
    ]).map((group) => ({
      service_name: group[0].service,
      model: group[0].attributes["gen_ai.request.model"] ?? "",
      error_type: classed ? (group[0].error ?? "") : null,
      calls: group.length,
      input_tokens: sum(group, "gen_ai.usage.input_tokens"),
      output_tokens: sum(group, "gen_ai.usage.output_tokens"),
      cost: sum(group, "alex.cost"),
      p95_ms: percentile(group, 0.95),
    }));
  return {
    types: {
      service_name: "text",
      model: "text",
      error_type: "text",
      calls: "int64",
      input_tokens: "float64",
      output_tokens: "float64",
      cost: "float64",
      p95_ms: "float64",
    },
    rows: [...rows(false), ...rows(true)],
  };
}
