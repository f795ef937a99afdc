/**
 * The traces with the largest values of a measure. A search finds the newest traces only, and no more than its limit;
 * one that reaches the limit is split at a value, until every trace that counts is known.
 */
import { alsoMatching, type SearchRequest, searchTraces, TRACES_MAX } from "../../api/tempo";
import type { TraceSummary } from "../traces";

export type TraceMeasure = "duration" | "errors" | "spans";

interface Measure {
  /** A whole number. */
  of: (trace: TraceSummary) => number;
  /** A value in TraceQL. */
  literal: (value: number) => string;
  above: (low: string) => string;
  within: (low: string, high: string) => string;
}

const count = (filter: string): Pick<Measure, "literal" | "above" | "within"> => ({
  literal: String,
  above: (low) => `${filter} | count() > ${low}`,
  within: (low, high) => `${filter} | count() > ${low} | count() <= ${high}`,
});

const MEASURES: Record<TraceMeasure, Measure> = {
  duration: {
    of: ({ durationMs }) => Math.round(durationMs * 1e6),
    literal: (nanos) => `${nanos}ns`,
    above: (low) => `{ traceDuration > ${low} }`,
    within: (low, high) => `{ traceDuration > ${low} && traceDuration <= ${high} }`,
  },
  errors: { of: ({ errorCount }) => errorCount ?? 0, ...count("{ status = error }") },
  spans: { of: ({ spanCount }) => spanCount ?? 0, ...count("{}") },
};

/** The largest first. */
export async function searchLargest(
  { limit, query, ...rest }: SearchRequest,
  name: TraceMeasure,
  signal: AbortSignal,
): Promise<TraceSummary[]> {
  const { of, literal, above, within } = MEASURES[name];
  const search = async (q: string) => {
    const found = await searchTraces({ ...rest, query: q, limit: TRACES_MAX }, signal);
    return found.sort((left, right) => of(right) - of(left));
  };

  /** The largest of those above `low`, up to and with `high`. */
  const largest = async (low: number, high: number, wanted: number): Promise<TraceSummary[]> => {
    const condition =
      high === Number.POSITIVE_INFINITY ? above(literal(low)) : within(literal(low), literal(high));
    const found = await search(alsoMatching(query, condition));
    const pivot = found.length < TRACES_MAX ? null : split(found.map(of), low, high, wanted);
    if (pivot === null) return found.slice(0, wanted);
    const upper = await largest(pivot, high, wanted);
    if (upper.length >= wanted) return upper;
    return [...upper, ...(await largest(low, pivot, wanted - upper.length))];
  };

  const newest = await search(query);
  if (newest.length < TRACES_MAX) return newest.slice(0, limit);
  const found = await largest(0, Number.POSITIVE_INFINITY, limit);
  return [...found, ...newest.filter((trace) => of(trace) === 0)].slice(0, limit);
}

/**
 * A value between `low` and `high` that leaves fewer traces above it; null when the wanted values are all `high`. The
 * values are a sample. It may mislead, as the newest traces may all be small; halves bound the number of searches.
 */
function split(values: number[], low: number, high: number, wanted: number): number | null {
  const kth = values[Math.min(wanted, TRACES_MAX / 2) - 1] ?? low;
  const half = high === Number.POSITIVE_INFINITY ? low * 2 : Math.floor((low + high) / 2);
  const pivot = Math.max(kth, half);
  if (pivot > low && pivot < high) return pivot;
  if ((values[wanted - 1] ?? low) >= high || high - low <= 1) return null;
  return high - 1;
}
