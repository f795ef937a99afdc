/** `POST /api/sql`: rows of the tables spans, logs and metrics. */

import { type Json, list, record, string } from "./decode";
import { request } from "./http";

export interface SqlColumn {
  name: string;
  type: string;
}

export interface SqlAnswer {
  columns: SqlColumn[];
  rows: Json[][];
  truncated: boolean;
  /** From the request to the parsed answer, as measured in the browser. */
  elapsedMs: number;
}

export async function querySql(query: string, signal?: AbortSignal): Promise<SqlAnswer> {
  const started = performance.now();
  const answer = readSql(await request("/api/sql", { json: { query }, signal }));
  return { ...answer, elapsedMs: performance.now() - started };
}

export function readSql(answer: unknown): Omit<SqlAnswer, "elapsedMs"> {
  const body = record(answer);
  const columns = list(body.columns).map((column) => ({
    name: string(record(column).name),
    type: string(record(column).type),
  }));
  const rows = list(body.rows).map((row) => {
    if (Array.isArray(row)) return row as Json[];
    return columns.map((column) => (record(row)[column.name] ?? null) as Json);
  });
  return { columns, rows, truncated: body.truncated === true };
}

export interface SqlTable {
  name: string;
  columns: SqlColumn[];
}

const TABLES = ["spans", "logs", "metrics"];

/** The tables and their columns, read from an empty result of each table. */
export async function sqlTables(signal?: AbortSignal): Promise<SqlTable[]> {
  const answers = await Promise.allSettled(
    TABLES.map(async (name) => ({
      name,
      columns: (await querySql(`SELECT * FROM ${name} LIMIT 0`, signal)).columns,
    })),
  );
  const tables = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const failed = answers.find((answer) => answer.status === "rejected");
  if (tables.length === 0 && failed) throw failed.reason;
  return tables;
}
