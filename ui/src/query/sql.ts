/** Conditions and groupings in the text of a SQL query. */
import type { ScopedValue } from "../values/value";

/** A name, quoted unless it is a plain identifier. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;
}

export function sqlText(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** `attributes['http.route']`. */
export function mapEntry(column: string, key: string): string {
  return `${sqlName(column)}[${sqlText(key)}]`;
}

type Value = Pick<ScopedValue, "type" | "text">;

/** `name = 'value'`. A column that is null is another value. */
export function condition(expression: string, { type, text }: Value, keep: boolean): string {
  if (type === "null") return `${expression} IS ${keep ? "" : "NOT "}NULL`;
  const literal = type === "number" || type === "bool" ? text : sqlText(text);
  return keep ? `${expression} = ${literal}` : `(${expression} IS DISTINCT FROM ${literal})`;
}

/** What `withCondition` has made, and nobody has continued. */
const FILTERED = /^SELECT \* FROM \(\n[\s\S]*\n\) AS result\nWHERE [^\n]*(\n {2}AND [^\n]*)*$/;

/** The rows of a query that meet a condition, whatever the query is. */
export function withCondition(query: string, wanted: string): string {
  if (FILTERED.test(query)) return `${query}\n  AND ${wanted}`;
  return `SELECT * FROM (\n${withoutEnd(query)}\n) AS result\nWHERE ${wanted}`;
}

/** The number of rows of a query, by an expression. */
export function groupedBy(query: string, expression: string): string {
  return `SELECT ${expression}, count(*) AS rows FROM (\n${withoutEnd(query)}\n) AS result\nGROUP BY 1\nORDER BY rows DESC`;
}

function withoutEnd(query: string): string {
  return query.trim().replace(/(\s*;)+$/, "");
}

/** What a search of a table shows. */
const TABLES = {
  spans: {
    time: "start_time",
    columns: "start_time, service_name, name, duration_ns, status_code, trace_id, span_id, attributes",
    measures: `count(*) AS spans,
  approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms,
  count(*) FILTER (WHERE status_code = 'error') AS errors`,
    order: "spans",
  },
  logs: {
    time: "timestamp",
    columns: "timestamp, service_name, severity_text, body, trace_id, span_id, attributes",
    measures: "count(*) AS records",
    order: "records",
  },
  metrics: {
    time: "timestamp",
    columns: "timestamp, name, value, labels",
    measures: "count(*) AS samples,\n  count(DISTINCT name) AS metrics",
    order: "samples",
  },
} as const;

export type SqlTable = keyof typeof TABLES;

/** The newest rows of a table that meet a condition. */
export function newest(table: SqlTable, wanted: string): string {
  const { time, columns } = TABLES[table];
  return `SELECT ${columns}\nFROM ${table}\nWHERE $__timeFilter(${time})\n  AND ${wanted}\nORDER BY ${time} DESC\nLIMIT 100`;
}

/** Measures of a table by the values of an expression. */
export function tableBy(table: SqlTable, expression: string, name: string): string {
  const { time, measures, order } = TABLES[table];
  return `SELECT ${expression} AS ${sqlName(name)}, ${measures}\nFROM ${table}\nWHERE $__timeFilter(${time})\n  AND ${expression} IS NOT NULL\nGROUP BY 1\nORDER BY ${order} DESC\nLIMIT 100`;
}
