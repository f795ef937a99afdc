// @ts-check
/** A minimal SQL API: the questions of Home, or rows of a table up to the limit. */
/** @import { JsonValue, SqlAnswer, SqlError } from "../src/api/generated" */
/** @import { Dataset } from "./health.mjs" */
import { health } from "./health.mjs";

/** @typedef {import("./dataset.mjs").Span} Span */

const TIME = "timestamp";
/**
 * The columns of each table: the type, and the value for a span.
 * @type {Record<string, Record<string, [string, (span: Span) => JsonValue]>>}
 */
const TABLES = {
  spans: {
    trace_id: ["text", (span) => span.traceId],
    span_id: ["text", (span) => span.spanId],
    service_name: ["text", (span) => span.service],
    name: ["text", (span) => span.name],
    start_time: [TIME, startOf],
    duration_ns: ["int64", (span) => Math.round(span.durationMs * 1e6)],
    status_code: ["text", (span) => (span.error ? "error" : "unset")],
    attributes: ["map", (span) => span.attributes],
  },
  logs: {
    timestamp: [TIME, startOf],
    service_name: ["text", (span) => span.service],
    severity_text: ["text", () => "INFO"],
    body: ["text", (span) => JSON.stringify({ message: span.name })],
    trace_id: ["text", (span) => span.traceId],
  },
  metrics: {
    timestamp: [TIME, startOf],
    name: ["text", () => "alex_llm_latency_seconds_count"],
    value: ["float64", (span) => span.durationMs],
    labels: ["map", (span) => ({ job: span.service })],
  },
};
const ROWS_MAX = 1_000;

/** @type {(span: Span) => string} */
function startOf(span) {
  return new Date(span.startMs).toISOString();
}

/** @type {(query: string, dataset: Dataset) => { status: number, body: SqlAnswer | SqlError }} */
export function sql(query, dataset) {
  const answer = health(query, dataset);
  if (answer) return { status: 200, body: answer };
  const name = /from\s+(\w+)/i.exec(query)?.[1] ?? "";
  const table = TABLES[name];
  if (!table) {
    const error = `table '${name}' not found; the tables are spans, logs and metrics at Line: 1, Column: 15`;
    return { status: 400, body: { error } };
  }
  const limit = Number(/limit\s+(\d+)/i.exec(query)?.[1] ?? ROWS_MAX);
  const columns = Object.entries(table);
  const rows = dataset.traces
    .slice(0, 200)
    .flatMap((trace) => trace.spans)
    .slice(0, limit)
    .map((span) => Object.fromEntries(columns.map(([column, [, read]]) => [column, read(span)])));
  return {
    status: 200,
    body: {
      columns: columns.map(([column, [type]]) => ({ name: column, type })),
      rows,
      truncated: limit >= ROWS_MAX,
    },
  };
}
