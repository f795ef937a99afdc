/** Finds the parent of each span. */
import type { Span, SpanKind } from "../../api/otlp";

/** In place of a parent: the span has none, or it is not in the trace. */
export const ROOT = -1;
export const NOT_RECEIVED = -2;

const CALLERS: ReadonlySet<SpanKind> = new Set(["client", "producer"]);
const CALLED: ReadonlySet<SpanKind> = new Set(["server", "consumer"]);

/**
 * The index of each span's parent. With B3, the two sides of a call share one span id: the client is then the parent of
 * the server, and a span below that id belongs to the side of its own service, or else to the server.
 */
export function parentsOf(spans: Span[]): number[] {
  const byId = new Map<string, number[]>();
  spans.forEach(({ spanId }, index) => {
    const same = byId.get(spanId);
    if (same) same.push(index);
    else byId.set(spanId, [index]);
  });
  return spans.map((span, index) => {
    const same = byId.get(span.spanId) ?? [];
    if (same.length > 1 && CALLED.has(span.kind)) {
      const caller = same.find((other) => CALLERS.has(spans[other]?.kind ?? "unspecified"));
      if (caller !== undefined) return caller;
    }
    if (span.parentId === "") return ROOT;
    const found = (byId.get(span.parentId) ?? []).filter((parent) => parent !== index);
    return (found.length > 1 ? parentAmong(found, span, spans) : found[0]) ?? NOT_RECEIVED;
  });
}

function parentAmong(candidates: number[], { resource }: Span, spans: Span[]): number | undefined {
  const near = candidates.filter((index) => spans[index]?.resource.service === resource.service);
  const considered = near.length > 0 ? near : candidates;
  return considered.find((index) => CALLED.has(spans[index]?.kind ?? "unspecified")) ?? considered[0];
}
