/** Bounds on what is read of a dashboard: anyone may have written it. */

export const PANELS_MAX = 2_000;
export const DEPTH_MAX = 8;
export const VARIABLES_MAX = 500;
export const OPTIONS_MAX = 10_000;
export const QUERIES_MAX = 100;
export const LIST_MAX = 500;
const TEXT_MAX = 50_000;

/** A text of bounded length. */
export function bounded(value: unknown, fallback = ""): string {
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  return typeof text === "string" ? text.slice(0, TEXT_MAX) : fallback;
}

/** A finite number within bounds. */
export function within(value: unknown, min: number, max: number, fallback: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number)
    ? Math.min(max, Math.max(min, number))
    : fallback;
}
