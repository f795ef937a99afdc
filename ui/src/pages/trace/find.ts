/** Search within a trace: every word must occur in a span's names, ids, attributes or events. */
import type { Attribute, Span } from "../../api/otlp";
import type { TraceTree } from "./tree";

/** Only the start of longer texts is searched: prompts can have megabytes. */
const TEXT_LENGTH_MAX = 4_096;

/** The searchable text of each span, in lower case. */
export function searchTexts(tree: TraceTree): string[] {
  return tree.rows.map((row) => searchText(row.span));
}

function searchText(span: Span): string {
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
