/** Replaces the variables of a text: `$name`, `${name:format}`, `${name.field}` and `[[name]]`. */
import { alternatives, escapeRegex, type Formatted, formatted, type Value } from "./formats";

/** What a variable stands for. */
export interface VariableValue {
  value: Value;
  text?: Value;
  /** The value in a URL, where it is another one. */
  parameter?: Value;
  /** A text that no format changes, such as that of All. It may have variables. */
  custom?: string;
  /** Whether a query must take the value for a regular expression: there can be several. */
  multi?: boolean;
  /** Whether it is everything that the label of the variable can be. */
  all?: boolean;
}

/** The variables of a text; an unknown one stays in it as it is written. */
export type Scope = (name: string, path: string | undefined) => VariableValue | undefined;

const SYNTAX = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;

/** How a value is written where the text has no format. */
export type DefaultFormat = (given: Formatted, variable: VariableValue, quote: string) => string;

const DEPTH_MAX = 5;

export function interpolate(
  text: string,
  scope: Scope,
  fallback: DefaultFormat | string = "glob",
  depth = 0,
): string {
  if (!text.includes("$") && !text.includes("[[")) return text;
  const quotes = typeof fallback === "string" ? null : new Quotes(text);
  return text.replace(SYNTAX, (...match) => {
    const [whole, plain, old, oldFormat, name, path, format] = match as (string | undefined)[];
    const wanted = plain ?? old ?? name ?? "";
    const variable = scope(wanted, path);
    if (!variable) return whole ?? "";
    const { value, text: shown = value, custom, parameter = value } = variable;
    const id = oldFormat ?? format ?? (typeof fallback === "string" ? fallback : undefined);
    // Only a URL and a person get the choice itself.
    if (id === "queryparam") return formatted({ value: parameter, text: shown, name: wanted }, id);
    if (custom !== undefined && id !== "text")
      return depth < DEPTH_MAX ? interpolate(custom, scope, fallback, depth + 1) : custom;
    const given = { value, text: shown, name: wanted };
    if (id !== undefined || typeof fallback === "string") return formatted(given, id ?? "");
    return fallback(given, variable, quotes?.at(match.at(-2) as number) ?? "");
  });
}

/** The names of the variables of a text. */
export function variablesOf(text: string): string[] {
  return [...text.matchAll(SYNTAX)].map((match) => match[1] ?? match[2] ?? match[4] ?? "");
}

/** The quotes of a text of PromQL or LogQL; positions are asked for in ascending order. */
class Quotes {
  readonly #text: string;
  #at = 0;
  #quote = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** The quote of the string that a position is in; empty outside of strings. */
  at(position: number): string {
    for (; this.#at < position; this.#at += 1) {
      const character = this.#text[this.#at] ?? "";
      if (this.#quote === "") {
        if (/["'`]/.test(character)) this.#quote = character;
      } else if (character === "\\" && this.#quote !== "`") this.#at += 1;
      else if (character === this.#quote) this.#quote = "";
    }
    return this.#quote;
  }
}

/** The server rejects long queries. */
const ALL_LENGTH_MAX = 20_000;

/**
 * A value in PromQL or LogQL. A variable that can have several values is a regular expression in a string, with the
 * escapes of the string, and a list elsewhere, as in `by ($labels)`. One that cannot is a text.
 */
export const queryFormat: DefaultFormat = ({ value }, { multi, all }, quote) => {
  const values = Array.isArray(value) ? value : [value];
  if (!multi) return inQuotes(values.join("|"), quote);
  if (quote === "") return values.join(",");
  // All, before there are options.
  if (values.length === 0) return ".*";
  if (all && values.reduce((sum, one) => sum + one.length, 0) > ALL_LENGTH_MAX) return ".*";
  // A slash needs no escape here, and the query languages know none.
  return alternatives(values.map((one) => inQuotes(escapeRegex(one).replaceAll("\\/", "/"), quote)));
};

function inQuotes(text: string, quote: string): string {
  if (quote !== '"' && quote !== "'") return text;
  return text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`).replaceAll("\n", "\\n");
}

/** A value in SQL: several are a list of strings, for `IN`. */
export const sqlFormat: DefaultFormat = (given, { multi }, quote) => {
  const { value } = given;
  if (quote !== "") return (Array.isArray(value) ? value.join(",") : value).replaceAll("'", "''");
  return multi
    ? formatted({ ...given, value: Array.isArray(value) ? value : [value] }, "sqlstring")
    : String(value);
};
