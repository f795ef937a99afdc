/** A text of comma-separated values as a frame: its first line has the names of the columns. */
import { type Field, type Frame, frameOf } from "../frame";

const LENGTH_MAX = 1_000_000;
const COLUMNS_MAX = 200;

export function csvFrame(text: string): Frame[] {
  const [names = [], ...rows] = recordsOf(text.slice(0, LENGTH_MAX));
  if (names.length === 0) return [];
  const fields = names.slice(0, COLUMNS_MAX).map((name, column) =>
    typedField(
      name.trim(),
      rows.map((row) => (row[column] ?? "").trim()),
    ),
  );
  return [frameOf(fields, { meta: { type: "table" } })];
}

/** Fields may be quoted, and then have commas and lines in them. Empty lines are no records. */
function recordsOf(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  let field = "";
  let quoted = false;
  const endRecord = () => {
    if (field.trim() !== "" || fields.length > 0) records.push([...fields, field]);
    fields = [];
    field = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && field.trim() === "") {
      quoted = true;
      field = "";
    } else if (letter === ",") {
      fields.push(field);
      field = "";
    } else if (letter === "\n") endRecord();
    else if (letter !== "\r") field += letter;
  }
  endRecord();
  return records;
}

const TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** Of the type that all of its values have; a value that is empty or `null` has none. */
function typedField(name: string, texts: string[]): Field {
  const isNone = (text: string) => text === "" || text === "null";
  const given = texts.filter((text) => !isNone(text));
  const values = <Value>(read: (text: string) => Value) =>
    texts.map((text) => (isNone(text) ? null : read(text)));
  const all = (fits: (text: string) => boolean) => given.length > 0 && given.every(fits);
  if (all((text) => Number.isFinite(Number(text)))) {
    const numbers = values(Number);
    // Epoch milliseconds.
    return /^time$/i.test(name) && numbers.every((value) => value !== null)
      ? { name, type: "time", values: numbers, config: {} }
      : { name, type: "number", values: numbers, config: {} };
  }
  if (given.length === texts.length && all((text) => TIME.test(text) && Number.isFinite(Date.parse(text))))
    return { name, type: "time", values: given.map((text) => Date.parse(text)), config: {} };
  if (all((text) => text === "true" || text === "false"))
    return { name, type: "boolean", values: values((text) => text === "true"), config: {} };
  return { name, type: "string", values: values((text) => text), config: {} };
}
