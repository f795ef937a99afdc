/** The fields of a log line, and the conditions on them that a view can add to its query. */

/** Where a field comes from, which determines the syntax of a condition on it. */
export type FieldKind = "stream" | "metadata" | "parsed" | "json";

export interface FieldFilter {
  kind: FieldKind;
  name: string;
  value: string;
  /** Only lines with the value, or only those without it. */
  keep: boolean;
}

/** `name` as Loki's parsers write it: dots and dashes become underscores. */
export function parsedName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^\d/.test(clean) ? `_${clean}` : clean;
}
