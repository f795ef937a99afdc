/** Decodes OTLP JSON to spans: ids in base64 or hex, enums as numbers or names, 64-bit integers as strings. */
import { JsonNumber, stringifyJson } from "../format/exact-json";
import { list, number, record, string } from "./decode";

export type AttributeType = "string" | "int" | "double" | "bool" | "bytes" | "array" | "map" | "empty";

export interface Attribute {
  name: string;
  type: AttributeType;
  /** The value as text; arrays and maps as JSON. */
  text: string;
}

export interface Resource {
  service: string;
  attributes: Attribute[];
}

export interface Scope {
  name: string;
  version: string;
  attributes: Attribute[];
}

export interface SpanEvent {
  name: string;
  /** Nanoseconds since the start of the trace. */
  offsetNs: number;
  attributes: Attribute[];
}

export interface SpanLink {
  traceId: string;
  spanId: string;
  attributes: Attribute[];
}

export type SpanKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";

export interface Span {
  spanId: string;
  parentId: string;
  name: string;
  kind: SpanKind;
  /** Nanoseconds since the start of the trace: exact, while epoch nanoseconds exceed the precision of a number. */
  offsetNs: number;
  durationNs: number;
  status: "unset" | "ok" | "error";
  statusMessage: string;
  attributes: Attribute[];
  events: SpanEvent[];
  links: SpanLink[];
  /** Attributes, events and links that the sender dropped. */
  dropped: number;
  resource: Resource;
  scope: Scope;
}

export interface Trace {
  traceId: string;
  /** Epoch nanoseconds of the earliest start. */
  startNs: bigint;
  durationNs: number;
  spans: Span[];
}

interface Timed {
  span: Span;
  startNs: bigint;
  endNs: bigint;
  eventNs: bigint[];
}

export function readTrace(answer: unknown): Trace {
  const body = record(answer);
  const inner = record(body.trace);
  const batches = [body.batches, body.resourceSpans, inner.resourceSpans, inner.batches].find(Array.isArray);
  let traceId = "";
  const timed: Timed[] = [];
  for (const batch of list(batches)) {
    const resource = readResource(record(batch).resource);
    for (const group of list(record(batch).scopeSpans)) {
      const scope = readScope(record(group).scope);
      for (const given of list(record(group).spans)) {
        traceId ||= identifier(record(given).traceId, 32);
        timed.push(readSpan(record(given), resource, scope));
      }
    }
  }
  return placed(traceId, timed);
}

/** Turns epoch times into offsets from the earliest start. */
function placed(traceId: string, timed: Timed[]): Trace {
  let startNs = timed[0]?.startNs ?? 0n;
  for (const one of timed) if (one.startNs < startNs) startNs = one.startNs;
  let durationNs = 0;
  const spans = timed.map(({ span, startNs: from, endNs: to, eventNs }) => {
    span.offsetNs = Number(from - startNs);
    span.durationNs = Math.max(0, Number(to - from));
    durationNs = Math.max(durationNs, span.offsetNs + span.durationNs);
    span.events.forEach((event, index) => {
      event.offsetNs = Number((eventNs[index] ?? from) - startNs);
    });
    return span;
  });
  return { traceId, startNs, durationNs, spans };
}

const KINDS: readonly SpanKind[] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

function readSpan(given: Record<string, unknown>, resource: Resource, scope: Scope): Timed {
  const status = record(given.status);
  const events = list(given.events).map(record);
  const kind = string(given.kind).replace("SPAN_KIND_", "").toLowerCase();
  const span: Span = {
    spanId: identifier(given.spanId, 16),
    parentId: identifier(given.parentSpanId, 16),
    name: string(given.name) || "(no name)",
    kind: KINDS[Number(kind)] ?? KINDS.find((known) => known === kind) ?? "unspecified",
    offsetNs: 0,
    durationNs: 0,
    status: statusOf(status.code),
    statusMessage: string(status.message),
    attributes: readAttributes(given.attributes),
    events: events.map((event) => ({
      name: string(event.name),
      offsetNs: 0,
      attributes: readAttributes(event.attributes),
    })),
    links: list(given.links).map((link) => ({
      traceId: identifier(record(link).traceId, 32),
      spanId: identifier(record(link).spanId, 16),
      attributes: readAttributes(record(link).attributes),
    })),
    dropped:
      number(given.droppedAttributesCount) +
      number(given.droppedEventsCount) +
      number(given.droppedLinksCount),
    resource,
    scope,
  };
  return {
    span,
    startNs: nanos(given.startTimeUnixNano),
    endNs: nanos(given.endTimeUnixNano),
    eventNs: events.map((event) => nanos(event.timeUnixNano)),
  };
}

function statusOf(code: unknown): Span["status"] {
  if (code === 2 || code === "STATUS_CODE_ERROR" || code === "2") return "error";
  return code === 1 || code === "STATUS_CODE_OK" || code === "1" ? "ok" : "unset";
}

function readResource(value: unknown): Resource {
  const attributes = readAttributes(record(value).attributes);
  const service = attributes.find((attribute) => attribute.name === "service.name")?.text;
  return { service: service || "unknown_service", attributes };
}

function readScope(value: unknown): Scope {
  const scope = record(value);
  return {
    name: string(scope.name),
    version: string(scope.version),
    attributes: readAttributes(scope.attributes),
  };
}

function nanos(value: unknown): bigint {
  const digits = string(value);
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : 0n;
}

/** Lower-case hex of the given length, from hex or base64; empty when absent or all zero. */
export function identifier(value: unknown, digits: number): string {
  const given = string(value);
  if (given === "") return "";
  let hex = given.toLowerCase();
  if (given.length !== digits || !/^[0-9a-f]+$/.test(hex))
    hex = fromBase64(given) ?? hex.padStart(digits, "0");
  return /^0*$/.test(hex) ? "" : hex;
}

function fromBase64(given: string): string | null {
  try {
    return [...atob(given)].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return null;
  }
}

function readAttributes(value: unknown): Attribute[] {
  return list(value).map((item) => {
    const { key, value: given } = record(item);
    return { name: string(key), ...readValue(record(given)) };
  });
}

function readValue(value: Record<string, unknown>): { type: AttributeType; text: string } {
  if (value.stringValue !== undefined) return { type: "string", text: string(value.stringValue) };
  if (value.intValue !== undefined) return { type: "int", text: string(value.intValue) };
  if (value.doubleValue !== undefined) return { type: "double", text: string(value.doubleValue) };
  if (value.boolValue !== undefined) return { type: "bool", text: string(value.boolValue) };
  if (value.bytesValue !== undefined) return { type: "bytes", text: string(value.bytesValue) };
  if (value.arrayValue !== undefined) return { type: "array", text: stringifyJson(plain(value, 0)) };
  if (value.kvlistValue !== undefined) return { type: "map", text: stringifyJson(plain(value, 0)) };
  return { type: "empty", text: "" };
}

const DEPTH_MAX = 32;

/** A value as plain JSON. Values that are nested too deep become an ellipsis. */
function plain(value: Record<string, unknown>, depth: number): unknown {
  if (depth > DEPTH_MAX) return "…";
  if (value.arrayValue !== undefined) {
    return list(record(value.arrayValue).values).map((item) => plain(record(item), depth + 1));
  }
  if (value.kvlistValue !== undefined) {
    const entries = list(record(value.kvlistValue).values).map(record);
    return Object.fromEntries(
      entries.map((entry) => [string(entry.key), plain(record(entry.value), depth + 1)]),
    );
  }
  if (value.intValue !== undefined) return new JsonNumber(string(value.intValue, "0"));
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue ?? null;
}
