/** A value that the page shows: its name, where the name comes from, and its type. */

import { JsonNumber, stringifyJson } from "../format/exact-json";

/**
 * Where a name comes from. The scopes of a span are those of TraceQL; a log line has labels of its stream, structured
 * metadata, and fields that a parser of the query or its JSON has; a series has labels, and a result of SQL columns.
 */
export type Scope =
  | "label"
  | "stream"
  | "metadata"
  | "parsed"
  | "json"
  | "resource"
  | "span"
  | "event"
  | "link"
  | "instrumentation"
  | "intrinsic"
  | "column";

/** `other` is shown and copied, and no query can compare it. */
export type ValueType = "string" | "number" | "bool" | "null" | "other";

export interface ScopedValue {
  scope: Scope;
  name: string;
  /** The key within a column of maps. */
  key?: string;
  type: ValueType;
  /** With the digits that were sent. */
  text: string;
  /** Whether it is one of several values of an array, which only TraceQL compares. */
  element?: true;
}

export type Language = "promql" | "logql" | "traceql" | "sql";

export function languageOf(scope: Scope): Language {
  switch (scope) {
    case "label":
      return "promql";
    case "column":
      return "sql";
    case "stream":
    case "metadata":
    case "parsed":
    case "json":
      return "logql";
    default:
      return "traceql";
  }
}

/** `http.status_code`, or `attributes.http.status_code` of a column of maps. */
export function shownName({ name, key }: ScopedValue): string {
  return key === undefined ? name : `${name}.${key}`;
}

/** The values of a cell of a table: those of its entries when it is a map. */
export function valuesOfCell(scope: Scope, name: string, cell: unknown, numeric: boolean): ScopedValue[] {
  if (typeof cell === "object" && cell !== null && !Array.isArray(cell)) {
    return Object.entries(cell).map(([key, entry]) => ({ scope, name, key, ...typed(entry, false) }));
  }
  return [{ scope, name, ...typed(cell, numeric) }];
}

/** Integers beyond the precision of a number come as text in a column of numbers. */
function typed(value: unknown, numeric: boolean): Typed {
  const found = typedJson(value ?? null);
  return numeric && found.type === "string" ? { ...found, type: "number" } : found;
}

type Typed = Pick<ScopedValue, "type" | "text">;

/** The type of a value of JSON, and its text. */
export function typedJson(value: unknown): Typed {
  if (typeof value === "string") return { type: "string", text: value };
  const text = stringifyJson(value);
  if (value === null) return { type: "null", text };
  if (typeof value === "number" || value instanceof JsonNumber) return { type: "number", text };
  return { type: typeof value === "boolean" ? "bool" : "other", text };
}
