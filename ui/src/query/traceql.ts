/** Conditions in the text of a TraceQL query. */
import { alsoMatching } from "../api/tempo";
import { quote } from "../url/links";
import type { ScopedValue } from "../values/value";

/** Intrinsics whose values are keywords. */
const KEYWORDS = new Set(["kind", "status"]);

/** A value that TraceQL can compare. `number or text` is one whose type another signal has lost. */
export interface TraceTerm {
  scope: "resource" | "span" | "event" | "link" | "instrumentation" | "intrinsic";
  name: string;
  type: ScopedValue["type"] | "number or text";
  text: string;
}

/** An attribute with its scope, quoted unless TraceQL reads it as it is. */
export function attributeName({ scope, name }: Pick<TraceTerm, "scope" | "name">): string {
  if (scope === "intrinsic") return name;
  return /^[\w.:/-]+$/.test(name) ? `${scope}.${name}` : `${scope}.${quote(name)}`;
}

/** `span.http.status_code = 500`; null for a value that cannot be compared. */
export function condition(term: TraceTerm, keep: boolean): string | null {
  const name = attributeName(term);
  const operator = keep ? "=" : "!=";
  const literals = literalsOf(term);
  if (literals.length === 0) return null;
  const conditions = literals.map((literal) => `${name} ${operator} ${literal}`);
  return conditions.length === 1 ? `${conditions[0]}` : `(${conditions.join(keep ? " || " : " && ")})`;
}

function literalsOf({ scope, name, type, text }: TraceTerm): string[] {
  if (scope === "intrinsic" && KEYWORDS.has(name)) return /^\w+$/.test(text) ? [text] : [];
  const number = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
  switch (type) {
    case "number":
      return number ? [text] : [];
    case "bool":
      return [text];
    case "string":
      return [quote(text)];
    case "number or text":
      return number || text === "true" || text === "false" ? [text, quote(text)] : [quote(text)];
    default:
      return [];
  }
}

/** The query with a condition added; `opposite` is removed. */
export function withCondition(query: string, wanted: string, opposite: string | null): string {
  const filters = [...query.matchAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|\{|\}/g)].filter(([text]) =>
    /^[{}]/.test(text),
  );
  const [open, close] = filters;
  // Conditions of several filters are about several spans: the new one is about one more.
  if (!open || !close || filters.length > 2) return alsoMatching(query, `{ ${wanted} }`);
  const before = query.slice(open.index + 1, close.index).trim();
  const parts = splitAnd(before);
  const kept = parts.filter((part) => part !== opposite && part !== wanted);
  // AND binds tighter than OR.
  const inside = [...kept.map((part) => (hasOr(part) ? `(${part})` : part)), wanted].join(" && ");
  return `${query.slice(0, open.index)}{ ${inside} }${query.slice(close.index + 1)}`;
}

/** The operands of the outermost `&&`; one operand when there is also an outermost `||`. */
function splitAnd(text: string): string[] {
  const places = outermost(text);
  if (text === "" || places.some(({ operator }) => operator === "||")) return text === "" ? [] : [text];
  const parts: string[] = [];
  let from = 0;
  for (const { at } of places) {
    parts.push(text.slice(from, at).trim());
    from = at + 2;
  }
  return [...parts, text.slice(from).trim()];
}

function hasOr(text: string): boolean {
  return outermost(text).some(({ operator }) => operator === "||");
}

function outermost(text: string): { operator: string; at: number }[] {
  let depth = 0;
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|[()]|&&|\|\|/g)].flatMap(({ 0: token, index }) => {
    if (token === "(") depth += 1;
    else if (token === ")") depth -= 1;
    else if (depth === 0 && (token === "&&" || token === "||")) return [{ operator: token, at: index }];
    return [];
  });
}
