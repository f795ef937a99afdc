/** Translates the search form to TraceQL. */
import { parseDuration } from "../../time/duration";
import { quote } from "../../url/links";

export interface Form {
  service?: string | undefined;
  operation?: string | undefined;
  tags?: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  status?: "error" | undefined;
}

export interface Tag {
  name: string;
  value: string;
}

/** Reads logfmt: `http.route="/v1/chat" tool=web_search`. Words without `=` are ignored. */
export function parseTags(text: string): Tag[] {
  const found: Tag[] = [];
  for (const match of text.matchAll(/([^\s="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    const [, name = "", quoted, bare] = match;
    found.push({ name, value: quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/g, "$1") });
  }
  return found;
}

const INTRINSICS = new Set(["name", "kind", "status", "statusMessage", "rootName", "rootServiceName"]);
const BARE_VALUES = new Set(["kind", "status"]);

/** One condition. The type of an attribute is unknown here, so a number also matches as text. */
function condition({ name, value }: Tag): string {
  if (name === "error") return value === "false" ? "status != error" : "status = error";
  if (INTRINSICS.has(name))
    return `${name} = ${BARE_VALUES.has(name) ? value.replace(/\W/g, "") : quote(value)}`;
  const scoped = /^(span|resource|event|link|instrumentation)\./.test(name) ? name : `.${name}`;
  const attribute = /^[\w.:/-]+$/.test(scoped) ? scoped : `.${quote(name)}`;
  if (/^-?\d+(\.\d+)?$/.test(value)) return `(${attribute} = ${value} || ${attribute} = ${quote(value)})`;
  if (value === "true" || value === "false")
    return `(${attribute} = ${value} || ${attribute} = ${quote(value)})`;
  return `${attribute} = ${quote(value)}`;
}

/** The TraceQL of a form; `{}` finds every trace. Durations are those of the whole trace. */
export function formQuery(form: Form): string {
  const conditions: string[] = [];
  if (form.service) conditions.push(`resource.service.name = ${quote(form.service)}`);
  if (form.operation) conditions.push(`name = ${quote(form.operation)}`);
  if (form.status === "error") conditions.push("status = error");
  for (const tag of parseTags(form.tags ?? "")) conditions.push(condition(tag));
  for (const [text, operator] of [
    [form.min, ">="],
    [form.max, "<="],
  ] as const) {
    const ms = text ? parseDuration(text) : null;
    if (ms !== null) conditions.push(`traceDuration ${operator} ${durationLiteral(ms)}`);
  }
  return conditions.length === 0 ? "{}" : `{ ${conditions.join(" && ")} }`;
}

function durationLiteral(ms: number): string {
  if (ms >= 1 && Number.isInteger(ms)) return `${ms}ms`;
  return `${Math.round(ms * 1e6)}ns`;
}
