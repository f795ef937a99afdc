/** `POST /api/sql`: rows of the tables spans, logs and metrics. */
import { record } from "./decode";
import type { JsonValue, SqlAnswer, SqlColumn, SqlRequest } from "./generated";
import { ApiError, request } from "./http";

export interface SqlResult {
  columns: SqlColumn[];
  /** Values in the order of the columns. */
  rows: JsonValue[][];
  truncated: boolean;
  /** From the request to the parsed answer, as measured in the browser. */
  elapsedMs: number;
}

export async function querySql(query: string, signal?: AbortSignal): Promise<SqlResult> {
  const started = performance.now();
  const json: SqlRequest = { query };
  const answer = await request("/api/sql", { json, signal });
  if (!Array.isArray(record(answer).columns)) throw new ApiError("/api/sql did not answer with columns", 502);
  const { columns, rows, truncated } = answer as SqlAnswer;
  return {
    columns,
    rows: rows.map((row) => columns.map((column) => row[column.name] ?? null)),
    truncated,
    elapsedMs: performance.now() - started,
  };
}

export interface SqlTable {
  name: string;
  columns: SqlColumn[];
}

export const SQL_TABLES = ["spans", "logs", "metrics"];

/** The tables and their columns, read from an empty result of each table. */
export async function sqlTables(signal?: AbortSignal): Promise<SqlTable[]> {
  const answers = await Promise.allSettled(
    SQL_TABLES.map(async (name) => ({
      name,
      columns: (await querySql(`SELECT * FROM ${name} LIMIT 0`, signal)).columns,
    })),
  );
  const tables = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const failed = answers.find((answer) => answer.status === "rejected");
  if (tables.length === 0 && failed) throw failed.reason;
  return tables;
}
