/** Adds the time range of the page to the conditions of a query. */
import { SQL_TABLES } from "../../api/sql";
import { followsRange } from "../../data/sources/sql-macros";

const TAIL =
  /\b(group\s+by|having|window|qualify|order\s+by|limit|offset|fetch|union|intersect|except)\b|;\s*$/i;

/**
 * The query with a time filter among the conditions of the first of our tables that it reads; null when it reads none,
 * or follows the time range already.
 */
export function withTimeFilter(query: string): string | null {
  if (query.trim() === "") return "SELECT * FROM spans\nWHERE $__timeFilter(start_time)\nLIMIT 100";
  if (followsRange(query)) return null;
  const code = withoutTexts(query);
  const table = firstTable(query, code);
  if (!table) return null;
  const filter = `$__timeFilter(${table.name === "spans" ? "start_time" : "timestamp"})`;
  const flat = flatScope(code, table.at);
  const tail = TAIL.exec(flat);
  const end = tail ? tail.index : flat.length;
  const where = /\bwhere\b/i.exec(flat.slice(0, end));
  // What follows the last word of the condition is a comment, or blank.
  const last = code.slice(0, end).trimEnd().length;
  const rest = query.slice(end).trim();
  const after = rest === "" || rest === ";" ? "" : rest.startsWith(")") ? rest : `\n${rest}`;
  const note = query.slice(last, end).trimEnd();
  if (!where) return `${query.slice(0, last)}${note}\nWHERE ${filter}${after}`;
  const from = where.index + where[0].length;
  const condition = query.slice(from, last).trim();
  // AND binds tighter than OR.
  const whole = /\bor\b/i.test(flat.slice(from, end)) ? `(${condition})` : condition;
  return `${query.slice(0, from)} ${whole}${note}\n  AND ${filter}${after}`;
}

/** The query with blanks for comments, and `_` for what strings and quoted names hold: every place stays the same. */
function withoutTexts(query: string): string {
  return query.replace(/'[^']*'?|"[^"]*"?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (text) =>
    /^['"]/.test(text) ? text.replace(/[^'"]/g, "_") : text.replace(/\S/g, " "),
  );
}

/** Our table that is read first, and where. `EXTRACT(hour FROM start_time)` reads none. */
function firstTable(query: string, code: string): { name: string; at: number } | null {
  const names = new RegExp(`^"?(${SQL_TABLES.join("|")})"?(?![\\w."])`, "i");
  for (const { index, 0: word } of code.matchAll(/\b(?:from|join)\s+/gi)) {
    const at = index + word.length;
    const name = names.exec(query.slice(at))?.[1];
    if (name) return { name: name.toLowerCase(), at };
  }
  return null;
}

/** The code from `at` to the end of its SELECT, with blanks for what is before and for all that is in parentheses. */
function flatScope(code: string, at: number): string {
  let flat = " ".repeat(at);
  let depth = 0;
  for (const character of code.slice(at)) {
    if (character === ")" && depth === 0) break;
    if (character === ")") depth -= 1;
    flat += depth === 0 && character !== "(" && character !== ")" ? character : " ";
    if (character === "(") depth += 1;
  }
  return flat;
}
