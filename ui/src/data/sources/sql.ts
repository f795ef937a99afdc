/** The rows of the SQL API as a frame with a field for each column. */
import type { JsonValue } from "../../api/generated";
import { querySql, type SqlResult } from "../../api/sql";
import { type Field, type Frame, frameOf, type Notice } from "../frame";
import type { DataSource } from "../source";
import { interpolate } from "./sql-macros";

export interface SqlQuery {
  /** The macros in it are the time range of the request. */
  rawSql: string;
}

export const sql: DataSource<SqlQuery> = {
  type: "sql",
  query: async function* ({ query, range }, signal) {
    yield [sqlFrame(await querySql(interpolate(query.rawSql, range), signal))];
  },
};

type Answer = Pick<SqlResult, "columns" | "rows"> & Partial<Pick<SqlResult, "truncated">>;

const TRUNCATED: Notice = {
  severity: "warning",
  text: "Rows are missing, because the result exceeds the limit of the server.",
};

/** Numbers are compared as numbers, and other values as their text. */
export function sqlFrame({ columns, rows, truncated = false }: Answer): Frame {
  const fields = columns.map(({ name, type }, index): Field => {
    const values = rows.map((row) => shown(row[index] ?? null, type));
    const config = { custom: { type, scope: "column" } };
    return isNumeric(type)
      ? { name, type: "number", values: values as (number | null)[], config }
      : { name, type: "other", values, config };
  });
  const notices = truncated ? [TRUNCATED] : [];
  return { ...frameOf(fields, { meta: { type: "table", notices } }), length: rows.length };
}

export function isNumeric(type: string): boolean {
  return /^(u?int|float|decimal)\d*/i.test(type);
}

/** Decimals come as text with all digits of their scale: `0.0288781000000000`. */
function shown(value: JsonValue, type: string): JsonValue {
  if (typeof value !== "string" || !/^decimal/i.test(type)) return value;
  return value.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}
