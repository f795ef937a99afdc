/** Search within a trace: every word must be somewhere in a span's names, ids, attributes or events. */
import type { Attribute, Span } from "../../api/otlp";
import type { TraceTree } from "./tree";

/** Longer texts are searched only up to here: prompts can be megabytes. */
const TEXT_LENGTH_MAX = 4_096;

/** The text of each span, made once and in lower case. */
export function haystacks(tree: TraceTree): string[] {
  return tree.rows.map((row) => haystack(row.span));
}

function haystack(span: Span): string {
  const own = [span.name, span.resource.service, span.spanId, span.kind, span.statusMessage];
  if (span.status === "error") own.push("error");
  const events = span.events.flatMap((event) => [event.name, ...event.attributes.map(pair)]);
  return [...own, ...span.attributes.map(pair), ...events].join("\n").toLowerCase();
}

function pair({ name, text }: Attribute): string {
  return `${name}=${text.slice(0, TEXT_LENGTH_MAX)}`;
}

/** Rows that match, ascending; none for an empty search. */
export function findRows(texts: string[], wanted: string): number[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found: number[] = [];
  texts.forEach((text, row) => {
    if (words.every((word) => text.includes(word))) found.push(row);
  });
  return found;
}
