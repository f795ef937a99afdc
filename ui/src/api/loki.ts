/** The Loki query API under `/loki`. */

import { labels, list, record, string, strings } from "./decode";
import { request } from "./http";
import { type QueryAnswer, readAnswer } from "./prometheus";

const BASE = "/loki/api/v1";

/** One log line. Labels are separated by kind, because only stream labels can be used in a selector. */
export interface LogLine {
  /** Epoch nanoseconds as a decimal string, because they exceed the precision of a number. */
  nanos: string;
  line: string;
  stream: Record<string, string>;
  metadata: Record<string, string>;
  parsed: Record<string, string>;
}

export type LogAnswer = { kind: "lines"; lines: LogLine[] } | { kind: "metric"; answer: QueryAnswer };

export interface LogRequest {
  query: string;
  /** Epoch nanoseconds as decimal strings; `end` is exclusive. */
  start: string;
  end: string;
  limit: number;
  stepMs?: number;
}

export async function queryLogs(wanted: LogRequest, signal?: AbortSignal): Promise<LogAnswer> {
  const { query, start, end, limit, stepMs } = wanted;
  const step = stepMs === undefined ? undefined : stepMs / 1_000;
  const parameters = { query, start, end, limit, step, direction: "backward" };
  const headers = { "X-Loki-Response-Encoding-Flags": "categorize-labels" };
  return readLogs(await request(`${BASE}/query_range`, { parameters, headers, signal }));
}

/** The values of a metric query at one time. */
export async function queryLogsInstant(
  query: string,
  time: string,
  signal?: AbortSignal,
): Promise<QueryAnswer> {
  return readAnswer(await request(`${BASE}/query`, { parameters: { query, time }, signal }));
}

export function readLogs(answer: unknown): LogAnswer {
  const data = record(record(answer).data);
  if (data.resultType !== "streams") return { kind: "metric", answer: readAnswer(answer) };
  const categorized = strings(data.encodingFlags).includes("categorize-labels");
  const lines = list(data.result).flatMap((entry) => {
    const given = labels(record(entry).stream);
    const [stream, merged] = categorized ? [given, {}] : splitByKind(given);
    return list(record(entry).values).map((value): LogLine => {
      const [nanos, line, extra] = list(value);
      return {
        nanos: string(nanos),
        line: string(line),
        stream,
        metadata: { ...merged, ...labels(record(extra).structuredMetadata) },
        parsed: labels(record(extra).parsed),
      };
    });
  });
  lines.sort((left, right) => newestFirst(left.nanos, right.nanos));
  return { kind: "lines", lines };
}

/** A few lines have the names of nearly all fields. */
const SAMPLED_LINES = 200;

/** The names of labels and fields of the newest lines of a query, the most frequent first. */
export async function logFields(
  wanted: Pick<LogRequest, "query" | "start" | "end">,
  signal?: AbortSignal,
): Promise<string[]> {
  const answer = await queryLogs({ ...wanted, limit: SAMPLED_LINES }, signal);
  const counts = new Map<string, number>();
  for (const { stream, metadata, parsed } of answer.kind === "lines" ? answer.lines : [])
    for (const name of Object.keys({ ...stream, ...metadata, ...parsed }))
      counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((left, right) => right[1] - left[1]).map(([name]) => name);
}

/** Resource attributes that Loki stores as stream labels. The other labels of an uncategorized answer are metadata. */
const STREAM_LABEL =
  /^(job|instance|namespace|service_(name|namespace|instance_id)|deployment_environment(_name)?|cloud_\w+|k8s_\w+_name|container_name)$/;

function splitByKind(given: Record<string, string>): [Record<string, string>, Record<string, string>] {
  const entries = Object.entries(given);
  return [
    Object.fromEntries(entries.filter(([name]) => STREAM_LABEL.test(name))),
    Object.fromEntries(entries.filter(([name]) => !STREAM_LABEL.test(name))),
  ];
}

/** Compares decimal strings, which may exceed the precision of a number. */
export function newestFirst(left: string, right: string): number {
  if (left.length !== right.length) return right.length - left.length;
  return left < right ? 1 : left > right ? -1 : 0;
}

export async function logLabels(start: string, end: string, signal?: AbortSignal): Promise<string[]> {
  return strings(record(await request(`${BASE}/labels`, { parameters: { start, end }, signal })).data);
}

export async function logLabelValues(
  name: string,
  start: string,
  end: string,
  signal?: AbortSignal,
  /** A selector of the streams. */
  query?: string,
): Promise<string[]> {
  const path = `${BASE}/label/${encodeURIComponent(name)}/values`;
  return strings(record(await request(path, { parameters: { start, end, query }, signal })).data);
}
