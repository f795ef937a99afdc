/** The name of a page: its path without anything that says who looked at what. */

const PAGE_LENGTH_MAX = 256;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const ORIGIN = /^https?:\/\/[^/?#]*/i;
const NUMBER = /^[+\d][\d.,:_-]*$/;
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const HEXADECIMAL = /^(?=.*\d)[0-9a-f]{8,}$/i;
const PREFIXED_NUMBER = /^[a-z]+[_-]\d{3,}$/i;
/** A run of letters and digits that no person would choose as a name. */
const OPAQUE = /(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{10,}|[a-z\d]{24,}/i;

/**
 * The canonical page of an address, or of a route's template: `https://shop.example/orders/1207?user=joe#top` and
 * `/orders/1207` are `/orders/:id`; `/orders/[id]` and `/orders/{id}` stay as they are. Query, fragment, origin,
 * parameters after `;`, numbers, UUIDs, e-mail addresses and opaque tokens never remain. Pages that were not loaded
 * over HTTP are `/`, since a file's path names a person.
 */
export function canonicalPage(address: string): string {
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return "/";
  const path = (address.replace(ORIGIN, "").split(/[?#]/, 1)[0] ?? "").replaceAll("\\", "/");
  let page = "";
  for (const segment of path.split("/")) {
    const name = nameOf(segment);
    if (name === "") continue;
    if (page.length + 1 + name.length > PAGE_LENGTH_MAX) break;
    page += `/${name}`;
  }
  return page || "/";
}

function nameOf(segment: string): string {
  const plain = decoded(segment.split(";", 1)[0] ?? "");
  if (isIdentifier(plain)) return ":id";
  return plain.replace(/[^\x21-\x7e]+|[/?#%;]+/g, encoded);
}

function isIdentifier(segment: string): boolean {
  return (
    segment.includes("@") ||
    NUMBER.test(segment) ||
    UUID.test(segment) ||
    HEXADECIMAL.test(segment) ||
    PREFIXED_NUMBER.test(segment) ||
    OPAQUE.test(segment)
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Half a surrogate pair has no encoding; it is left out. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return "";
  }
}
