/** SQL results as CSV and JSON. */
import type { JsonValue, SqlColumn } from "../../api/generated";
import type { SqlResult } from "../../api/sql";

export function toJson({ columns, rows }: Pick<SqlResult, "columns" | "rows">): string {
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, row[index] ?? null]))),
    null,
    2,
  );
}

/** RFC 4180: quoted where needed, quotes doubled, CRLF between lines. */
export function toCsv({ columns, rows }: { columns: SqlColumn[]; rows: JsonValue[][] }): string {
  const quoted = (value: JsonValue): string => {
    const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [columns.map((column) => quoted(column.name)), ...rows.map((row) => row.map(quoted))];
  return lines.map((line) => line.join(",")).join("\r\n");
}
