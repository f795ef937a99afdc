/** Reads and changes the text of a LogQL query. */
import { ALL_LOGS, quote } from "../url/links";

/** Where a field of a log line comes from, which determines the syntax of a condition on it. */
export type FieldKind = "stream" | "metadata" | "parsed" | "json";

export interface LogField {
  kind: FieldKind;
  name: string;
  value: string;
}

export const DEFAULT_QUERY = ALL_LOGS;

/** `name` as Loki's parsers write it: dots and dashes become underscores. */
export function parsedName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^\d/.test(clean) ? `_${clean}` : clean;
}

/** The end of the first `{…}` in the text, or -1: quoted braces do not count. */
function selectorEnd(query: string): number {
  let quoted: string | null = null;
  for (let index = query.indexOf("{"); index >= 0 && index < query.length; index += 1) {
    const letter = query[index];
    if (quoted) {
      if (letter === "\\" && quoted === '"') index += 1;
      else if (letter === quoted) quoted = null;
    } else if (letter === '"' || letter === "`") quoted = letter;
    else if (letter === "}") return index;
  }
  return -1;
}

/** Whether the result of a query is lines, and not numbers. */
export function isLineQuery(query: string): boolean {
  return query.trimStart().startsWith("{");
}

/** The lines that a query of numbers counts or measures: the text from its first selector to the range. */
function lineQuery(query: string): string {
  if (isLineQuery(query)) return query.trim();
  const from = query.indexOf("{");
  const end = selectorEnd(query);
  if (end < 0) return DEFAULT_QUERY;
  let quoted: string | null = null;
  let to = end + 1;
  for (; to < query.length; to += 1) {
    const letter = query[to] ?? "";
    if (quoted) {
      if (letter === "\\" && quoted === '"') to += 1;
      else if (letter === quoted) quoted = null;
    } else if (letter === '"' || letter === "`") quoted = letter;
    else if (letter === "[" || letter === ")") break;
  }
  // What is unwrapped is measured, and no condition.
  return query
    .slice(from, to)
    .replace(/\|\s*unwrap\b.*$/s, "")
    .trim();
}

/** The query with `name="value"` or `name!="value"` added; the opposite filter is removed. */
export function withFilter(query: string, { kind, name, value }: LogField, keep: boolean): string {
  const base = lineQuery(query);
  const operator = keep ? "=" : "!=";
  if (kind === "stream") return withMatcher(base, name, value, operator);
  const label = kind === "metadata" ? name : parsedName(name);
  const wanted = `| ${label}${operator}${quote(value)}`;
  const opposite = `| ${label}${keep ? "!=" : "="}${quote(value)}`;
  const without = base
    .split(opposite)
    .join("")
    .replace(/\s{2,}/g, " ")
    .trim();
  if (without.includes(wanted)) return without;
  return `${without}${parserOf(kind, without)} ${wanted}`;
}

function parserOf(kind: FieldKind, query: string): string {
  return kind === "json" && !/\|\s*json\b/.test(query) ? " | json" : "";
}

/** The number of lines over time, by a label; `window` is the interval between two points. */
export function groupedBy(query: string, { kind, name }: Omit<LogField, "value">, window: string): string {
  const base = lineQuery(query);
  const label = kind === "json" ? parsedName(name) : name;
  const present = kind === "stream" ? "" : `${parserOf(kind, base)} | ${label}!=""`;
  return `sum by (${label}) (count_over_time(${base}${present} [${window}]))`;
}

/** The query without matchers of a stream label. */
export function withoutLabel(query: string, name: string): string {
  const end = selectorEnd(query);
  if (end < 0) return query;
  const open = query.indexOf("{");
  const kept = splitMatchers(query.slice(open + 1, end)).filter((matcher) => labelOf(matcher) !== name);
  return `${query.slice(0, open)}{${selecting(kept).join(", ")}}${query.slice(end + 1)}`;
}

function labelOf(matcher: string): string | undefined {
  return /^([\w.]+)\s*(?:=~|!~|!=|=)/.exec(matcher)?.[1];
}

/** Loki requires a matcher that does not match the empty value. */
function selecting(matchers: string[]): string[] {
  const selects = matchers.some(
    (matcher) => /^[\w.]+\s*=~?\s*"(?!"$)/.test(matcher) && !matcher.endsWith('=~".*"'),
  );
  return selects ? matchers : ['service_name=~".+"', ...matchers];
}

const LEVEL_FILTER = /\s*\|\s*detected_level\s*=~?\s*"([\w|]+)"/g;

/** The levels that a query is limited to; none when it has the lines of every level. */
export function levelsIn(query: string): string[] {
  return [...query.matchAll(LEVEL_FILTER)].flatMap(([, levels = ""]) => levels.split("|"));
}

/** The query with a level added to those that it is limited to, or taken off. */
export function withLevelToggled(query: string, level: string): string {
  const before = levelsIn(query);
  const levels = before.includes(level) ? before.filter((one) => one !== level) : [...before, level];
  const base = (isLineQuery(query) ? query : DEFAULT_QUERY).replace(LEVEL_FILTER, "").trim();
  if (levels.length === 0) return base;
  return `${base} | detected_level${levels.length > 1 ? "=~" : "="}"${levels.join("|")}"`;
}

function withMatcher(query: string, name: string, value: string, operator: "=" | "!="): string {
  const end = selectorEnd(query);
  if (end < 0) return query;
  const open = query.indexOf("{");
  const inside = query.slice(open + 1, end);
  const matchers = splitMatchers(inside).filter((matcher) => {
    const [, found, sign, text] = /^([\w.]+)\s*(=~|!~|!=|=)\s*(.*)$/s.exec(matcher) ?? [];
    if (found !== name) return true;
    // `=` replaces all matchers of the label; `!=` replaces only matchers of the same value.
    return (
      operator === "!=" &&
      !(sign === "=" && text === quote(value)) &&
      !(sign === "!=" && text === quote(value))
    );
  });
  const next = selecting([...matchers, `${name}${operator}${quote(value)}`]);
  return `${query.slice(0, open)}{${next.join(", ")}}${query.slice(end + 1)}`;
}

function splitMatchers(inside: string): string[] {
  const found: string[] = [];
  let quoted: string | null = null;
  let current = "";
  for (let index = 0; index < inside.length; index += 1) {
    const letter = inside[index] ?? "";
    if (quoted) {
      current += letter;
      if (letter === "\\" && quoted === '"') {
        index += 1;
        current += inside[index] ?? "";
      } else if (letter === quoted) quoted = null;
    } else if (letter === ",") {
      found.push(current.trim());
      current = "";
    } else {
      if (letter === '"' || letter === "`") quoted = letter;
      current += letter;
    }
  }
  return [...found, current.trim()].filter(Boolean);
}

/** The texts of the query's line filters, to be highlighted in the lines. */
export function searchTerms(query: string): string[] {
  return [...query.matchAll(/\|=\s*("(?:[^"\\]|\\.)*"|`[^`]*`)/g)].flatMap((match) => {
    const literal = match[1] ?? "";
    try {
      const text: unknown = literal.startsWith("`") ? literal.slice(1, -1) : JSON.parse(literal);
      return typeof text === "string" && text !== "" ? [text] : [];
    } catch {
      return [];
    }
  });
}

/** Counts the lines of a query by level, under any of the usual names of its label. */
export function volumeQuery(query: string, window: string): string {
  return `sum by (detected_level, level, severity_text) (count_over_time(${query.trim()} [${window}]))`;
}
