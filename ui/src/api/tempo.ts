/** The Tempo query API under `/tempo`: search, one trace, tag names and values. */

import { nanosToMs } from "../time/format";
import { list, number, record, string, strings } from "./decode";
import { ApiError, request } from "./http";

const BASE = "/tempo/api";

export interface TraceSummary {
  traceId: string;
  rootService: string;
  rootName: string;
  startMs: number;
  /** With a fraction, to the nanosecond. */
  durationMs: number;
  /** Spans that the query matched. */
  matched: number;
  /** Spans and errors of the whole trace; null when the server does not report them. */
  spanCount: number | null;
  errorCount: number | null;
  services: { name: string; spans: number; errors: number }[];
}

export interface SearchRequest {
  query: string;
  fromMs: number;
  toMs: number;
  limit: number;
}

/** The most traces that the server answers with. */
export const TRACES_MAX = 1_000;

/** The newest traces that match, newest first. */
export async function searchTraces(wanted: SearchRequest, signal?: AbortSignal): Promise<TraceSummary[]> {
  const parameters = {
    start: Math.floor(wanted.fromMs / 1_000),
    end: Math.ceil(wanted.toMs / 1_000),
    limit: wanted.limit,
    spss: 1,
  };
  const ask = async (q: string) =>
    record(await request(`${BASE}/search`, { parameters: { q, ...parameters }, signal }));
  // Tempo's durations are whole milliseconds, unless the query selects the duration of the trace.
  const { pipeline, hints } = withoutHints(wanted.query);
  const body = await ask(`${pipeline}\n| select(${TRACE_DURATION})${hints}`).catch((error: unknown) => {
    // The error must be that of the query itself, and not of what is added to it.
    if (error instanceof ApiError && error.kind === "rejected") return ask(wanted.query);
    throw error;
  });
  return list(body.traces)
    .map(readSummary)
    .sort((left, right) => right.startMs - left.startMs);
}

const TRACE_DURATION = "traceDuration";

/** A query that is also limited to traces with another condition. A line break ends a comment of the query. */
export function alsoMatching(query: string, condition: string): string {
  const { pipeline, hints } = withoutHints(query);
  return `(${pipeline}\n) && (${condition})${hints}`;
}

/** Hints, as in `{} with (most_recent=true)`, are the end of a query. */
function withoutHints(query: string): { pipeline: string; hints: string } {
  const hints = /\s+with\s*\([^()"]*\)\s*$/.exec(query)?.[0] ?? "";
  return { pipeline: query.slice(0, query.length - hints.length), hints };
}

function readSummary(value: unknown): TraceSummary {
  const body = record(value);
  const sets = list(body.spanSets).length > 0 ? list(body.spanSets) : [body.spanSet];
  const services = Object.entries(record(body.serviceStats)).map(([name, stats]) => ({
    name,
    spans: number(record(stats).spanCount),
    errors: number(record(stats).errorCount),
  }));
  const known = services.length > 0;
  return {
    traceId: string(body.traceID).padStart(32, "0"),
    rootService: string(body.rootServiceName),
    rootName: string(body.rootTraceName),
    startMs: nanosToMs(string(body.startTimeUnixNano)),
    durationMs: exactDuration(sets) ?? number(body.durationMs),
    matched: sets.reduce<number>((sum, set) => sum + number(record(set).matched), 0),
    spanCount: known ? services.reduce((sum, service) => sum + service.spans, 0) : null,
    errorCount: known ? services.reduce((sum, service) => sum + service.errors, 0) : null,
    services,
  };
}

/** The duration of the trace, which every span of the answer has as an attribute; null when it was not selected. */
function exactDuration(sets: unknown[]): number | null {
  const span = record(sets.flatMap((set) => list(record(set).spans))[0]);
  const selected = list(span.attributes)
    .map(record)
    .find(({ key }) => key === TRACE_DURATION);
  return selected ? nanosToMs(string(record(selected.value).intValue)) : null;
}

/** The trace as OTLP JSON, to be decoded by `otlp.ts`. */
export async function fetchTrace(traceId: string, signal?: AbortSignal): Promise<unknown> {
  return request(`${BASE}/traces/${encodeURIComponent(traceId)}`, { signal });
}

export interface TagScope {
  name: string;
  tags: string[];
}

export async function tagNames(signal?: AbortSignal): Promise<TagScope[]> {
  const body = record(await request(`${BASE}/v2/search/tags`, { signal }));
  return list(body.scopes).map((scope) => ({
    name: string(record(scope).name),
    tags: strings(record(scope).tags),
  }));
}

export async function tagValues(
  tag: string,
  signal?: AbortSignal,
): Promise<{ type: string; value: string }[]> {
  const body = record(await request(`${BASE}/v2/search/tag/${encodeURIComponent(tag)}/values`, { signal }));
  return list(body.tagValues).map((item) => ({
    type: string(record(item).type, "string"),
    value: string(record(item).value),
  }));
}
