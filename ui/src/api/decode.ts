/** Tolerant decoding of JSON answers: a missing or malformed field becomes a default. */

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function string(value: unknown, fallback = ""): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : fallback;
}

export function strings(value: unknown): string[] {
  return list(value).filter((item): item is string => typeof item === "string");
}

/** A number, also from the decimal string that protobuf JSON uses for 64-bit integers. */
export function number(value: unknown, fallback = 0): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return fallback;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? fallback : parsed;
}

/** A sample's value as Prometheus writes it: a string, with `NaN`, `+Inf` and `-Inf`. */
export function sample(value: unknown): number {
  if (value === "+Inf" || value === "Inf") return Number.POSITIVE_INFINITY;
  if (value === "-Inf") return Number.NEGATIVE_INFINITY;
  return number(value, Number.NaN);
}

/** Labels; values that are not strings are dropped. */
export function labels(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, item] of Object.entries(record(value))) {
    if (typeof item === "string") found[key] = item;
  }
  return found;
}
