/** Search parameters of the address: plain readable text, repeated keys for lists, read without trust. */

export type Search = Record<string, string | string[] | undefined>;

/** Longest value that is taken from an address: what a server would refuse anyway. */
const VALUE_LENGTH_MAX = 32_768;
const VALUES_MAX = 26;

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

/** The inverse of `parseSearch`; empty lists and undefined values leave no trace, empty text stays. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) parameters.append(key, String(item));
    }
  }
  // A query is easier to read and to share when only what must be escaped is escaped.
  const text = parameters.toString().replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%2C/g, ",");
  return text ? `?${text}` : "";
}

/** One text value, or undefined. */
export function text(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  if (typeof first === "string") return first === "" ? undefined : first;
  return typeof first === "number" || typeof first === "boolean" ? String(first) : undefined;
}

/** A list of texts; empty texts are kept, because a second empty query line is state too. */
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

/** One of the given words, or undefined. */
export function oneOf<Word extends string>(value: unknown, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === text(value));
}
