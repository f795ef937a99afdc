/** JSON whose numbers keep the digits that were sent: integers may exceed the precision of a number. */

const MARK = "\0";
const MARKED = /^\0-?\d[\d.eE+-]*$/;
/** A string, or a number that is no key. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\s*:)/g;

export class JsonNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  toJSON(): string {
    return MARK + this.digits;
  }
}

/** As `JSON.parse`, with a `JsonNumber` for each number. */
export function parseJson(text: string): unknown {
  const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`));
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && MARKED.test(value) ? new JsonNumber(value.slice(1)) : value,
  );
}

/** As `JSON.stringify`. */
export function stringifyJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(/"\\u0000(-?\d[\d.eE+-]*)"/g, "$1");
}
