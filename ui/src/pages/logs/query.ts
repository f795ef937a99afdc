/** Reads and adds filters in the text of a LogQL query. */
import { type FieldFilter, parsedName } from "../../panels/logs/fields";
import { ALL_LOGS, quote } from "../../url/links";

export const DEFAULT_QUERY = ALL_LOGS;

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

/** The query with `name="value"` or `name!="value"` added; the opposite filter is removed. */
export function withFilter(query: string, { kind, name, value, keep }: FieldFilter): string {
  const base = isLineQuery(query) ? query.trim() : DEFAULT_QUERY;
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
  const parser = kind === "json" && !/\|\s*json\b/.test(without) ? " | json" : "";
  return `${without}${parser} ${wanted}`;
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
