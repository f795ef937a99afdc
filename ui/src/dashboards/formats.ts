/** The formats of a variable in a text: `${name:csv}`. */
import { formatPattern } from "../time/pattern";

/** One value, or those of a variable that can have several. */
export type Value = string | string[];

export interface Formatted {
  value: Value;
  text: Value;
  /** The name of the variable. */
  name: string;
}

const many = (value: Value): string[] => (Array.isArray(value) ? value : [value]);
const joined = (value: Value, separator: string) => many(value).join(separator);
const quoted = (value: Value, quote: string, escaped: (text: string) => string) =>
  many(value)
    .map((one) => quote + escaped(one) + quote)
    .join(",");

const FORMATS: Record<string, (given: Formatted, parameters: string[]) => string> = {
  raw: ({ value }) => joined(value, ","),
  csv: ({ value }) => joined(value, ","),
  pipe: ({ value }) => joined(value, "|"),
  glob: ({ value }) => globOf(value),
  regex: ({ value }) => alternatives(many(value).map(escapeRegex)),
  text: ({ text }) => joined(text, " + "),
  json: ({ value }) => (Array.isArray(value) ? JSON.stringify(value) : value),
  join: ({ value }, [separator = ","]) => joined(value, separator),
  doublequote: ({ value }) => quoted(value, '"', (one) => one.replaceAll('"', '\\"')),
  singlequote: ({ value }) => quoted(value, "'", (one) => one.replaceAll("'", "\\'")),
  sqlstring: ({ value }) => quoted(value, "'", (one) => one.replaceAll("'", "''").replaceAll('"', '\\"')),
  html: ({ value }) => joined(value, ", ").replace(/[&<>"']/g, (character) => ENTITIES[character] ?? ""),
  distributed: ({ value, name }) =>
    many(value)
      .map((one, index) => (index === 0 ? one : `${name}=${one}`))
      .join(","),
  lucene: ({ value }) => lucene(value),
  percentencode: ({ value }) => strictComponent(Array.isArray(value) ? `{${value.join(",")}}` : value),
  uriencode: ({ value }) => encodeUri(globOf(value)),
  queryparam: ({ value, name }) => parameters(value, `var-${name}`, ""),
  customqueryparam: ({ value, name }, [own, prefix = ""]) => parameters(value, own || name, prefix),
  date: ({ value }, [...pattern]) => dateText(Number(joined(value, ",")), pattern.join(":")),
};

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The value in a format; an unknown format is that of `glob`. */
export function formatted(given: Formatted, format: string): string {
  const [id = "", ...parameters] = format.split(":");
  const found = Object.hasOwn(FORMATS, id) ? FORMATS[id] : FORMATS.glob;
  return found?.(given, parameters) ?? "";
}

export function globOf(value: Value): string {
  return Array.isArray(value) && value.length > 1 ? `{${value.join(",")}}` : joined(value, ",");
}

export function escapeRegex(text: string): string {
  return text.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}

/** A regular expression of any of the parts. */
export function alternatives(parts: string[]): string {
  return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join("|")})`;
}

/** A lone surrogate cannot be encoded. */
function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

function strictComponent(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function encodeUri(text: string): string {
  return encodeURI(wellFormed(text)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function parameters(value: Value, name: string, prefix: string): string {
  return many(value)
    .map((one) => `${strictComponent(name)}=${strictComponent(prefix + one)}`)
    .join("&");
}

function lucene(value: Value): string {
  if (!Array.isArray(value)) return escapeLucene(value);
  if (value.length === 0) return "__empty__";
  return `(${value.map((one) => `"${escapeLucene(one)}"`).join(" OR ")})`;
}

/** A number, also a negative one, stays as it is. */
function escapeLucene(text: string): string {
  if (text.trim() !== "" && Number.isFinite(Number(text))) return text;
  return text.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, "\\$1");
}

function dateText(ms: number, pattern: string): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "";
  if (pattern === "" || pattern === "iso") return new Date(ms).toISOString();
  if (pattern === "seconds") return String(Math.floor(ms / 1_000));
  return formatPattern(ms, pattern, "utc");
}
