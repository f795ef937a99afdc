/** The macros that make a query follow the time range of the page. They have the names of Grafana's SQL sources. */
import type { Range } from "../../time/range";

const MACROS = /\$__timeFilter\(([^()]*)\)|\$__time(From|To)\(\)/g;

export function followsRange(query: string): boolean {
  return query.search(MACROS) >= 0;
}

/** The query with the time range in place of its macros. */
export function interpolate(query: string, range: Range): string {
  return query.replace(MACROS, (...match) => expanded(match, range));
}

/** Where in the written query a position of the sent one is; both from 1. */
export function writtenPosition(
  query: string,
  { line, column }: { line: number; column: number },
  range: Range,
): { line: number; column: number } {
  const written = query.split("\n")[line - 1] ?? "";
  let grown = 0;
  for (const match of written.matchAll(MACROS)) {
    const at = match.index + grown;
    if (column - 1 < at) break;
    const sent = expanded(match, range).length;
    if (column - 1 < at + sent) return { line, column: match.index + 1 };
    grown += sent - match[0].length;
  }
  return { line, column: column - grown };
}

function expanded([, column, end]: (string | undefined)[], { fromMs, toMs }: Range): string {
  const from = timestamp(fromMs);
  const to = timestamp(toMs);
  if (column === undefined) return end === "From" ? from : to;
  return `(${column} >= ${from} AND ${column} < ${to})`;
}

function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace("Z", "").replace("T", " ")}'`;
}
