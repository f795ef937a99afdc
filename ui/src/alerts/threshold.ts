/** The parts of an alerting expression: what is measured, and the limit that it is compared with. */

type Comparison = ">" | ">=" | "<" | "<=" | "==" | "!=";

export interface Condition {
  /** The query whose series are compared; the whole expression when it has no comparison. */
  query: string;
  comparison: Comparison | null;
  /** A number, or the query of the other side. */
  limit: number | string | null;
}

const TOKEN =
  /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?|#[^\n]*|[(){}[\]]|[<>=!]=|[<>]|\b(?:and|or|unless)\b|[\w:.]+|[\s\S]/gi;
const FLIPPED: Record<Comparison, Comparison> = {
  ">": "<",
  ">=": "<=",
  "<": ">",
  "<=": ">=",
  "==": "==",
  "!=": "!=",
};

interface Token {
  text: string;
  at: number;
}

/** A longer expression is shown as it is. */
const LENGTH_MAX = 5_000;

/** The condition of PromQL and LogQL. Of several that are combined it is the first. */
export function conditionOf(expression: string): Condition {
  if (expression.length > LENGTH_MAX) return { query: expression, comparison: null, limit: null };
  const { text, outer } = outerTokens(unwrapped(withoutComments(expression)));
  const set = outer.find((token) => /^(and|or|unless)$/i.test(token.text));
  if (set) return conditionOf(text.slice(0, set.at));
  const found = outer.filter((token) => token.text in FLIPPED);
  const [only] = found;
  if (!only || found.length > 1) return { query: text, comparison: null, limit: null };
  const comparison = only.text as Comparison;
  const left = unwrapped(text.slice(0, only.at));
  const right = unwrapped(text.slice(only.at + only.text.length).replace(/^\s*bool\b/, ""));
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (rightNumber !== null) return { query: left, comparison, limit: rightNumber };
  if (leftNumber !== null) return { query: right, comparison: FLIPPED[comparison], limit: leftNumber };
  const matching = /^\s*(?:on|ignoring)\s*\([^)]*\)\s*(?:group_(?:left|right)\s*(?:\([^)]*\))?)?/.exec(right);
  return { query: left, comparison, limit: right.slice(matching?.[0].length ?? 0).trim() };
}

function numberOf(text: string): number | null {
  const plain = text.replace(/_/g, "").trim();
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

function withoutComments(text: string): string {
  return [...text.matchAll(TOKEN)].map(([token]) => (token.startsWith("#") ? "" : token)).join("");
}

/** The tokens outside of all brackets. */
function outerTokens(text: string): { text: string; outer: Token[] } {
  const outer: Token[] = [];
  let depth = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    if ("({[".includes(token)) depth += 1;
    else if (")}]".includes(token)) depth -= 1;
    else if (depth === 0) outer.push({ text: token, at: match.index });
  }
  return { text, outer };
}

/** Without the brackets around all of it. */
function unwrapped(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("(") || !trimmed.endsWith(")")) return trimmed;
  let depth = 0;
  for (const match of trimmed.matchAll(TOKEN)) {
    if (match[0] === "(") depth += 1;
    if (match[0] === ")") depth -= 1;
    if (depth === 0) return match.index === trimmed.length - 1 ? unwrapped(trimmed.slice(1, -1)) : trimmed;
  }
  return trimmed;
}
