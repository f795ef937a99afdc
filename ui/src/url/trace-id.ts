/** Finds a trace id in pasted text: bare, in a `traceparent` header, in a log line or in a URL. */

/** The id as 32 lower-case hex digits, or null. */
export function traceIdIn(text: string): string | null {
  const trimmed = text.trim().toLowerCase();
  const parent = /\b[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/.exec(trimmed);
  const full = /(?:^|[^0-9a-f])([0-9a-f]{32})(?:$|[^0-9a-f])/.exec(trimmed);
  const short = /^([0-9a-f]{16})$/.exec(trimmed);
  const found = parent?.[1] ?? full?.[1] ?? short?.[1];
  if (!found || /^0+$/.test(found)) return null;
  return found.padStart(32, "0");
}

const FIELD_NAMES = ["trace_id", "traceid", "traceId", "traceID", "TraceID", "TraceId"];

/** The trace id in a record's fields, under any of its usual names. */
export function traceIdOf(...fields: Array<Record<string, string>>): string | null {
  for (const group of fields) {
    for (const name of FIELD_NAMES) {
      const value = group[name];
      const found = value ? traceIdIn(value) : null;
      if (found) return found;
    }
  }
  return null;
}
