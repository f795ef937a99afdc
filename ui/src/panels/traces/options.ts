/** The options of the trace list. */
import { record } from "../../api/decode";
import { oneOf } from "../../url/search";

const TRACE_SORTS = ["newest", "longest", "errors", "spans"] as const;
export type TraceSort = (typeof TRACE_SORTS)[number];

export interface TraceListOptions {
  sort: TraceSort;
}

export function readTraceListOptions(value: unknown): TraceListOptions {
  return { sort: oneOf(record(value).sort, TRACE_SORTS) ?? "newest" };
}
