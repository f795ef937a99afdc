/**
 * The name of a value in the languages of the other signals. Loki and Prometheus have the names of OTLP with underscores
 * for dots; the name with dots is found among the tags of TraceQL.
 */
import type { TagScope } from "../api/tempo";
import { escapePattern } from "../url/links";
import { traceIdIn } from "../url/trace-id";
import type { ScopedValue } from "../values/value";
import { type LogField, parsedName } from "./logql";
import { mapEntry, type SqlTable } from "./sql";
import type { TraceTerm } from "./traceql";

/** The names that the stores have now. Without them only names that are the same everywhere are translated. */
export interface KnownNames {
  tags: TagScope[];
  labels: string[];
}

/** Longer values are texts, which no label has. */
const LABEL_LENGTH_MAX = 200;
/** Labels that describe the point of a series, and not its source. */
const POINT_LABELS = new Set(["le", "quantile", "__name__"]);
/** Fields of every log record, which are no attributes. */
const RECORD_FIELDS =
  /^(trace_id|span_id|flags|severity_(number|text)|detected_level|observed_timestamp|scope_(name|version)|level)$/;

type Plain = Pick<ScopedValue, "name" | "type" | "text">;

/** Columns of maps and what their keys are. */
const MAPS: Record<string, ScopedValue["scope"]> = {
  attributes: "span",
  resource_attributes: "resource",
  scope_attributes: "instrumentation",
  labels: "label",
};

/** A column of our tables as what it holds; null when only the result has it. */
export function ofColumn({ name, key, type, text }: ScopedValue): ScopedValue | null {
  if (key !== undefined) {
    const scope = MAPS[name];
    return scope ? { scope, name: key, type, text } : null;
  }
  const known = /^(trace_id|span_id|service_name|severity_text)$/.test(name);
  return known ? { scope: name === "service_name" ? "stream" : "metadata", name, type, text } : null;
}

const INTRINSICS: Record<string, string> = {
  trace_id: "trace:id",
  span_id: "span:id",
  scope_name: "instrumentation:name",
  scope_version: "instrumentation:version",
};

/** The part of `job` that is the name of the service: `namespace/name`. */
function serviceOf(job: string): string {
  return job.slice(job.lastIndexOf("/") + 1);
}

export function toTraceql(value: ScopedValue, { tags }: KnownNames): TraceTerm | null {
  const { scope, name, type, text } = value;
  switch (scope) {
    case "resource":
    case "span":
    case "event":
    case "link":
    case "instrumentation":
    case "intrinsic":
      return { scope, name, type, text };
    case "column": {
      const held = ofColumn(value);
      const term = held && toTraceql(held, { tags, labels: [] });
      return term && value.key !== undefined && term.type === "string"
        ? { ...term, type: "number or text" }
        : term;
    }
    case "label":
      if (name === "job") return { scope: "resource", name: "service.name", type, text: serviceOf(text) };
      if (name === "instance") return { scope: "resource", name: "service.instance.id", type, text };
      return POINT_LABELS.has(name) ? null : tagged(value, tags);
    default: {
      if (name === "service_name") return { scope: "resource", name: "service.name", type, text };
      const intrinsic = INTRINSICS[name];
      if (!intrinsic) return RECORD_FIELDS.test(name) ? null : tagged(value, tags);
      const traceId = name === "trace_id" ? traceIdIn(text) : null;
      return { scope: "intrinsic", name: intrinsic, type: "string", text: traceId ?? text };
    }
  }
}

/** The attribute whose name is the given one, with underscores or not. Spans come first, because they say most. */
function tagged({ name, type, text }: Plain, tags: TagScope[]): TraceTerm | null {
  for (const scope of ["span", "resource", "event"] as const) {
    const names = tags.find((one) => one.name === scope)?.tags ?? [];
    const found = names.includes(name) ? name : names.find((tag) => parsedName(tag) === parsedName(name));
    if (found !== undefined)
      return { scope, name: found, type: type === "string" ? "number or text" : type, text };
  }
  return null;
}

/** Whether a store of texts has the value as it is. */
function isComparable({ type, element }: ScopedValue): boolean {
  return type !== "other" && type !== "null" && !element;
}

export function toLogql(value: ScopedValue): LogField | null {
  const { scope, name, text } = value;
  if (!isComparable(value)) return null;
  switch (scope) {
    case "stream":
    case "metadata":
    case "parsed":
    case "json":
      return { kind: scope, name, value: text };
    case "resource":
    case "span":
    case "event":
    case "instrumentation":
      // Every query selects by the service; whether other names are labels of the stream is a setting of the store.
      return name === "service.name"
        ? { kind: "stream", name: "service_name", value: text }
        : { kind: "metadata", name: parsedName(name), value: text };
    case "intrinsic": {
      const found = Object.keys(INTRINSICS).find((key) => INTRINSICS[key] === name);
      return found ? { kind: "metadata", name: found, value: text } : null;
    }
    case "label":
      if (POINT_LABELS.has(name)) return null;
      if (name === "job") return { kind: "stream", name: "service_name", value: serviceOf(text) };
      return { kind: "metadata", name: name === "instance" ? "service_instance_id" : name, value: text };
    case "column": {
      const held = ofColumn(value);
      return held && toLogql(held);
    }
    default:
      return null;
  }
}

export interface Matcher {
  name: string;
  operator: "=" | "=~";
  value: string;
}

export function toPromql(value: ScopedValue, { labels }: KnownNames): Matcher | null {
  const { scope, name, text } = value;
  if (!isComparable(value) || text.length > LABEL_LENGTH_MAX) return null;
  if (scope === "label") return { name, operator: "=", value: text };
  if (scope === "column") {
    const held = ofColumn(value);
    return held && toPromql(held, { tags: [], labels });
  }
  if (scope === "intrinsic" || scope === "link" || RECORD_FIELDS.test(name)) return null;
  const label = parsedName(name);
  // The service is the job, which may begin with a namespace.
  if (label === "service_name") return { name: "job", operator: "=~", value: `(.+/)?${escapePattern(text)}` };
  if (label === "service_instance_id") return { name: "instance", operator: "=", value: text };
  const found = [name, label].find((one) => labels.includes(one));
  return found === undefined ? null : { name: found, operator: "=", value: text };
}

const SPAN_COLUMNS: Record<string, string> = {
  name: "name",
  kind: "kind",
  status: "status_code",
  statusMessage: "status_message",
  "trace:id": "trace_id",
  "span:id": "span_id",
  "instrumentation:name": "scope_name",
  "instrumentation:version": "scope_version",
};

export interface SqlTerm {
  table: SqlTable;
  expression: string;
  name: string;
  type: ScopedValue["type"];
  text: string;
}

export function toSql(value: ScopedValue, { tags }: KnownNames): SqlTerm | null {
  const { scope, name, text } = value;
  if (!isComparable(value)) return null;
  const term = (table: SqlTable, expression: string, type: SqlTerm["type"] = "string"): SqlTerm => {
    return { table, expression, name, type, text };
  };
  switch (scope) {
    case "resource":
      return term("spans", name === "service.name" ? "service_name" : mapEntry("resource_attributes", name));
    case "span":
      return term("spans", mapEntry("attributes", name));
    case "instrumentation":
      return term("spans", mapEntry("scope_attributes", name));
    case "intrinsic": {
      const column = SPAN_COLUMNS[name];
      return column ? term("spans", column) : null;
    }
    case "label":
      return term("metrics", name === "__name__" ? "name" : mapEntry("labels", name));
    case "stream":
    case "metadata": {
      if (/^(severity_number|flags)$/.test(name)) return term("logs", name, "number");
      if (LOG_COLUMNS.test(name)) return term("logs", name);
      return RECORD_FIELDS.test(name) ? null : term("logs", logAttribute(value, tags));
    }
    default:
      return null;
  }
}

const LOG_COLUMNS = /^(service_name|trace_id|span_id|severity_text|scope_name|scope_version)$/;

/** Attributes have their names with dots in SQL; which of several was sent is not known. */
function logAttribute(value: Plain, tags: TagScope[]): string {
  const { name } = value;
  const tag = tagged(value, tags);
  const map = tag?.scope === "resource" ? "resource_attributes" : "attributes";
  const dotted = tag?.name ?? name.replaceAll("_", ".");
  if (dotted === name) return mapEntry(map, name);
  return `coalesce(${mapEntry("attributes", name)}, ${mapEntry(map, dotted)})`;
}
