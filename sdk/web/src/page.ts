/**
 * The name of a page: its path without anything that says who looked at what. The rules for segments are those of
 * `glasshouse-sdk`, which applies them again; opaque tokens that it would let pass stay in the browser too.
 */

const PAGE_LENGTH_MAX = 200;
const SEGMENTS_MAX = 12;
const SEGMENT_LENGTH_MAX = 40;
/** A segment with this many decimal digits is an id: order, telephone and card numbers. */
const DIGITS_MIN = 5;
/** A segment with a decimal digit in it is an id from here on. */
const MIXED_LENGTH_MIN = 20;
const REST = "/*";

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const ORIGIN = /^(?:https?:)?\/\/[^/?#]*/i;
/** No percent sign and no `@`: what is escaped, or an address, is not a word. */
const PLAIN = /^[\w.~:*+,()[\]{}-]+$/;
const HEXADECIMAL = /^[0-9a-f-]{8,}$/i;
/** A run of letters and digits that no person would choose as a name, such as `NffrFeUfNV2Hib`. */
const OPAQUE = /(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{10,}/i;

/**
 * The canonical page of an address, or of a route's template: `https://shop.example/orders/1207?user=joe#top` and
 * `/orders/1207` are `/orders/:id`; `/orders/[id]` and `/orders/{id}` stay as they are. Query, fragment, origin,
 * parameters after `;`, numbers, UUIDs, e-mail addresses and opaque tokens never remain. Pages that were not loaded
 * over HTTP are `/`, since a file's path names a person.
 */
export function canonicalPage(address: string): string {
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return "/";
  const path = address.replace(ORIGIN, "").split(/[?#]/, 1)[0] ?? "";
  const segments = path.split("/").filter((segment) => segment !== "");
  let page = "";
  for (const segment of segments.slice(0, SEGMENTS_MAX)) {
    // Java servers write session ids there.
    const word = segment.split(";", 1)[0] ?? "";
    const name = isWord(word) ? word : ":id";
    if (page.length + 1 + name.length + REST.length > PAGE_LENGTH_MAX) return page + REST;
    page += `/${name}`;
  }
  return segments.length > SEGMENTS_MAX ? page + REST : page || "/";
}

/** Whether a person wrote this segment as part of a route. */
function isWord(segment: string): boolean {
  if (segment.length > SEGMENT_LENGTH_MAX || !PLAIN.test(segment)) return false;
  const digits = segment.replace(/\D/g, "").length;
  if (digits === 0) return true;
  return (
    digits < DIGITS_MIN &&
    digits < segment.length &&
    segment.length < MIXED_LENGTH_MIN &&
    !HEXADECIMAL.test(segment) &&
    !OPAQUE.test(segment)
  );
}
