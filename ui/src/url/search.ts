/** Search parameters of the URL: plain text, and repeated keys for lists. Every value is validated. */

export type Search = Record<string, string | string[] | undefined>;

/** Longest value that is read: the server rejects longer queries. */
const VALUE_LENGTH_MAX = 32_768;
/** A variable of a dashboard may have hundreds of values. */
const VALUES_MAX = 1_000;

/** `?a=1&b=2&b=3` to `{a: "1", b: ["2", "3"]}`. */
export function parseSearch(text: string): Search {
  const found: Search = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const kept = value.slice(0, VALUE_LENGTH_MAX);
    const before = found[key];
    if (before === undefined) found[key] = kept;
    else if (!Array.isArray(before)) found[key] = [before, kept];
    else if (before.length < VALUES_MAX) before.push(kept);
  }
  return found;
}

/** The inverse of `parseSearch`; empty lists and undefined values are omitted, empty strings are kept. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) parameters.append(key, String(item));
    }
  }
  // People read and share these URLs: escape only what must be escaped.
  const text = parameters.toString().replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%2C/g, ",");
  return text ? `?${text}` : "";
}

/** One string, or undefined. */
export function text(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  if (typeof first === "string") return first === "" ? undefined : first;
  return typeof first === "number" || typeof first === "boolean" ? String(first) : undefined;
}

/** A list of strings. Empty strings are kept, because an empty second query is state too. */
export function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((item): item is string => typeof item === "string").slice(0, VALUES_MAX);
}

/** A whole number within bounds, or undefined. */
export function whole(value: unknown, min: number, max: number): number | undefined {
  const given = text(value);
  if (given === undefined || !/^\d{1,9}$/.test(given)) return undefined;
  return Math.min(max, Math.max(min, Number(given)));
}

/** One of the given values, or undefined. */
export function oneOf<Word extends string>(value: unknown, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === text(value));
}

/** A list in the URL with the item added, or taken off; undefined when it is empty. */
export function toggled(list: string[] | undefined, item: string): string[] | undefined {
  const before = list ?? [];
  const after = before.includes(item) ? before.filter((one) => one !== item) : [...before, item];
  return after.length > 0 ? after : undefined;
}
