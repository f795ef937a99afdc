/** Which lines the logs panel shows, and in which order. */
import type { ReadLine } from "./line";
import type { LogsOptions } from "./options";

/** The lines by time; with a deduplication, of consecutive lines that are alike only the first. */
export function shownLines(lines: ReadLine[], { ascending, dedup }: LogsOptions): ReadLine[] {
  const order = ordered(lines, ascending);
  const likeness = LIKENESS[dedup];
  if (!likeness) return order;
  const shown: ReadLine[] = [];
  let before: string | null = null;
  for (const line of order) {
    const text = likeness(line.source.line);
    const last = shown.at(-1);
    if (last && text === before) shown[shown.length - 1] = { ...last, repeats: last.repeats + 1 };
    else shown.push(line);
    before = text;
  }
  return shown;
}

/** Sources answer with the newest line first; the lines of several answers follow each other. */
function ordered(lines: ReadLine[], ascending: boolean): ReadLine[] {
  const sign = ascending ? 1 : -1;
  const isOrdered = lines.every((line, index) => {
    const next = lines[index + 1];
    return next === undefined || sign * compared(line, next) <= 0;
  });
  return isOrdered ? lines : [...lines].sort((left, right) => sign * compared(left, right));
}

/** Nanoseconds are too long for a number. */
function compared({ source: left }: ReadLine, { source: right }: ReadLine): number {
  if (left.nanos.length !== right.nanos.length) return left.nanos.length - right.nanos.length;
  return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0;
}

/** What of a line is compared. */
const LIKENESS: Record<LogsOptions["dedup"], ((text: string) => string) | null> = {
  none: null,
  // The same message of another time is the same.
  exact: (text) => text.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?/g, ""),
  numbers: (text) => text.replace(/\d/g, ""),
  signature: (text) => text.replace(/\w/g, ""),
};
