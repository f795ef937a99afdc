/** The Tempo query API under `/tempo`: search, one trace, tag names and values. */

import { nanosToMs } from "../time/format";
import { list, number, record, string, strings } from "./decode";
import { request } from "./http";

const BASE = "/tempo/api";

export interface TraceSummary {
  traceId: string;
  rootService: string;
  rootName: string;
  startMs: number;
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

export async function searchTraces(wanted: SearchRequest, signal?: AbortSignal): Promise<TraceSummary[]> {
  const parameters = {
    q: wanted.query,
    start: Math.floor(wanted.fromMs / 1_000),
    end: Math.ceil(wanted.toMs / 1_000),
    limit: wanted.limit,
  };
  const body = record(await request(`${BASE}/search`, { parameters, signal }));
  return list(body.traces)
    .map(readSummary)
    .sort((left, right) => right.startMs - left.startMs);
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
    durationMs: number(body.durationMs),
    matched: sets.reduce<number>((sum, set) => sum + number(record(set).matched), 0),
    spanCount: known ? services.reduce((sum, service) => sum + service.spans, 0) : null,
    errorCount: known ? services.reduce((sum, service) => sum + service.errors, 0) : null,
    services,
  };
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
