/** Extracts the level, message, fields and trace id of a log line. */
import type { LogLine } from "../../data/log-lines";
import { parseJson } from "../../format/exact-json";
import { withoutNoise } from "../../format/number";
import { type FieldKind, parsedName } from "../../query/logql";
import { nanosToIso, nanosToMs } from "../../time/format";
import { traceIdOf } from "../../url/trace-id";
import { type ScopedValue, typedJson, type ValueType } from "../../values/value";
import type { Level } from "../colors";

/** Longer lines are not parsed as JSON, so that the list stays fast. */
const PARSED_LENGTH_MAX = 65_536;
const DEPTH_MAX = 6;
const FIELDS_MAX = 300;

export interface Field {
  kind: FieldKind;
  name: string;
  type: ValueType;
  /** With the digits that were sent. */
  text: string;
}

export interface ReadLine {
  /** The same after a refresh: it depends on the line only, and not on its place. */
  key: string;
  source: LogLine;
  /** Lines after it that are alike, and not shown. */
  repeats: number;
  /** Epoch milliseconds with a fraction. */
  timeMs: number;
  level: Level;
  service: string;
  /** The message, and the other fields of the line. */
  message: string;
  rest: string;
  json: Record<string, unknown> | null;
  traceId: string | null;
  spanId: string | null;
}

const LEVEL_NAMES = ["detected_level", "severity_text", "level", "severity", "lvl", "log.level"];

/** The level for any common spelling, or null. */
export function levelIn(text: string | undefined): Level | null {
  const word = text?.trim().toLowerCase() ?? "";
  if (/^(fatal|crit|critical|emerg|emergency|panic|alert|alrt)\d?$/.test(word)) return "fatal";
  if (/^(err|error|eror|severe)\d?$/.test(word)) return "error";
  if (/^(warn|warning|wrn)\d?$/.test(word)) return "warn";
  if (/^(info|information|informational|inf|notice|log)\d?$/.test(word)) return "info";
  if (/^(debug|dbug|dbg|verbose|fine)\d?$/.test(word)) return "debug";
  if (/^(trace|trc|finest)\d?$/.test(word)) return "trace";
  return null;
}

function levelOfNumber(text: string | undefined): Level | null {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 24) return null;
  return (["trace", "debug", "info", "warn", "error", "fatal"] as const)[Math.floor((value - 1) / 4)] ?? null;
}

/**
 * Attributes that describe what wrote a line, and not the line: those of the resource, by the namespaces of
 * OpenTelemetry's conventions, those of the scope, and the fields of every log record.
 */
const OF_THE_SOURCE =
  /^((cloud|container|deployment|faas|host|k8s|os|process|scope|service|telemetry)_|(flags|severity_number|observed_timestamp)$)/;

/** The attributes of a line that its row shows. */
export function attributesOf({ metadata }: LogLine): [name: string, value: string][] {
  return Object.entries(metadata).filter(([name]) => !SHOWN_ELSEWHERE.has(name) && !OF_THE_SOURCE.test(name));
}

export function levelOf(labels: Record<string, string>, json: Record<string, unknown> | null = null): Level {
  for (const name of LEVEL_NAMES) {
    const found = levelIn(labels[name]);
    if (found) return found;
  }
  for (const name of LEVEL_NAMES) {
    const value = json?.[name];
    const found = typeof value === "string" ? levelIn(value) : null;
    if (found) return found;
  }
  return levelOfNumber(labels.severity_number) ?? "unknown";
}

function jsonOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{") || line.length > PARSED_LENGTH_MAX) return null;
  try {
    const value: unknown = parseJson(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const MESSAGE_NAMES = ["message", "msg", "body", "event", "log"];
/** Shown elsewhere in the row, and therefore not repeated. */
const SHOWN_ELSEWHERE = new Set([
  ...LEVEL_NAMES,
  "time",
  "timestamp",
  "ts",
  "@timestamp",
  "trace_id",
  "span_id",
  "traceId",
  "spanId",
]);

/** Lines in the given order. Equal lines of one nanosecond are numbered. */
export function readLines(lines: LogLine[]): ReadLine[] {
  const seen = new Map<string, number>();
  return lines.map((source) => {
    const key = keyOf(source);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return readLine(source, before === 0 ? key : `${key}-${before}`);
  });
}

/** The time of a line and a short hash (FNV-1a) of what it says. */
function keyOf({ nanos, line, stream, metadata }: LogLine): string {
  let hash = 0x811c9dc5;
  for (const text of [line, stream.service_name ?? "", metadata.span_id ?? ""]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return `${nanos}-${(hash >>> 0).toString(36)}`;
}

function readLine(source: LogLine, key: string): ReadLine {
  const json = jsonOf(source.line);
  const labels = { ...source.stream, ...source.parsed, ...source.metadata };
  const name = MESSAGE_NAMES.find((candidate) => typeof json?.[candidate] === "string");
  const message = plainText(json && name ? String(json[name]) : source.line);
  const inBody =
    json && name ? Object.entries(json).filter(([key]) => key !== name && !SHOWN_ELSEWHERE.has(key)) : [];
  const rest = [...inBody, ...attributesOf(source)]
    .map(([key, value]) => `${key}=${withoutNoise(typedJson(value).text)}`)
    .join("  ");
  const texts = json ? textsOf(json) : {};
  return {
    key,
    source,
    repeats: 0,
    timeMs: nanosToMs(source.nanos),
    level: levelOf(labels, json),
    service: labels.service_name ?? labels.job ?? labels.app ?? "",
    message,
    rest,
    json,
    traceId: traceIdOf(source.metadata, source.parsed, source.stream, texts),
    spanId: labels.span_id ?? labels.spanId ?? texts.span_id ?? texts.spanId ?? null,
  };
}

/** The colours of a terminal (ECMA-48, SGR), and links. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one
const ESCAPE_SEQUENCES = /\u001b(?:\[[\d;:?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** A text without what only a terminal shows: colours, and lines at its end. */
export function plainText(text: string): string {
  return (text.includes("\u001b") ? text.replace(ESCAPE_SEQUENCES, "") : text).trimEnd();
}

/** A text of several lines as one, in which each end of a line can be seen. */
export function oneLine(text: string): string {
  return text.includes("\n") ? text.trimEnd().replace(/\s*\n\s*/g, " ↵ ") : text;
}

function textsOf(json: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** A line as text that stands on its own: time, level, service, the whole line, and its attributes as logfmt. */
export function lineText({ source, level, service }: ReadLine): string {
  const attributes = attributesOf(source).map(
    ([name, value]) => `${name}=${/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  const known = level === "unknown" ? "" : level;
  return [nanosToIso(source.nanos), known, service, source.line.trimEnd(), ...attributes]
    .filter(Boolean)
    .join(" ");
}

/** All fields of a line: first those of the line itself, last those of its stream. */
export function fieldsOf({ source, json }: ReadLine): Field[] {
  const fields: Field[] = [];
  const known = new Set<string>();
  if (json) flatten(json, "", 0, fields);
  for (const field of fields) known.add(parsedName(field.name));
  const groups: [FieldKind, Record<string, string>][] = [
    ["parsed", source.parsed],
    ["metadata", source.metadata],
    ["stream", source.stream],
  ];
  for (const [kind, group] of groups) {
    for (const [name, value] of Object.entries(group)) {
      if (kind !== "parsed" || !known.has(name)) fields.push({ kind, name, type: "string", text: value });
    }
  }
  return fields;
}

function flatten(value: Record<string, unknown>, prefix: string, depth: number, fields: Field[]): void {
  for (const [key, item] of Object.entries(value)) {
    if (fields.length >= FIELDS_MAX) return;
    const name = prefix ? `${prefix}.${key}` : key;
    const value = typedJson(item);
    const nested = value.type === "other" && !Array.isArray(item);
    if (nested && depth < DEPTH_MAX) flatten(item as Record<string, unknown>, name, depth + 1, fields);
    else fields.push({ kind: "json", name, ...value });
  }
}

/** A field with the name that it has in a query. */
export function scopedValue({ kind, name, type, text }: Field, { source }: ReadLine): ScopedValue {
  const label = parsedName(name);
  // A label or metadata keeps its name; Loki gives another one to a parsed field of the same name.
  const taken = kind === "json" && (label in source.stream || label in source.metadata);
  return { scope: kind, name: taken ? `${label}_extracted` : name, type, text };
}

/** The text split at its matches; every second part is a match. */
export function splitAtMatches(text: string, terms: string[]): string[] {
  if (terms.length === 0) return [text];
  const pattern = terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "g"));
}
