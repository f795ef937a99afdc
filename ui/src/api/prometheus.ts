/** The Prometheus query API under `/prometheus`. Loki's metric answers have the same shapes. */

import { labels, list, number, record, sample, string, strings } from "./decode";
import { request } from "./http";

const BASE = "/prometheus/api/v1";

export type Labels = Record<string, string>;

/** One series: times in epoch milliseconds, and a value for each. */
export interface Series {
  labels: Labels;
  times: number[];
  values: number[];
  /** Whether the samples are native histograms, of which the values are the counts. */
  histogram: boolean;
  /** Of native histograms: those of each sample, ascending. */
  buckets?: Bucket[][];
}

export interface Bucket {
  from: number;
  to: number;
  count: number;
}

export interface QueryAnswer {
  type: "scalar" | "string" | "vector" | "matrix";
  series: Series[];
  text: string | null;
  warnings: string[];
  infos: string[];
}

export interface Exemplar {
  seriesLabels: Labels;
  labels: Labels;
  value: number;
  timeMs: number;
}

export async function queryRange(
  query: string,
  fromMs: number,
  toMs: number,
  stepMs: number,
  signal?: AbortSignal,
): Promise<QueryAnswer> {
  const parameters = { query, start: fromMs / 1_000, end: toMs / 1_000, step: stepMs / 1_000 };
  return readAnswer(await request(`${BASE}/query_range`, { parameters, form: true, signal }));
}

export async function queryInstant(
  query: string,
  timeMs: number,
  signal?: AbortSignal,
): Promise<QueryAnswer> {
  const parameters = { query, time: timeMs / 1_000 };
  return readAnswer(await request(`${BASE}/query`, { parameters, form: true, signal }));
}

/** The `data` of a query answer; shared with Loki. */
export function readAnswer(answer: unknown): QueryAnswer {
  const body = record(answer);
  const data = record(body.data);
  const type = string(data.resultType);
  const warnings = strings(body.warnings);
  const infos = strings(body.infos);
  if (type === "scalar" || type === "string") {
    const [time, value] = list(data.result);
    const series = { labels: {}, times: [number(time) * 1_000], values: [sample(value)], histogram: false };
    return { type, series: [series], text: type === "string" ? string(value) : null, warnings, infos };
  }
  const series = list(data.result).map(readSeries);
  return { type: type === "matrix" ? "matrix" : "vector", series, text: null, warnings, infos };
}

function readSeries(value: unknown): Series {
  const body = record(value);
  const points = body.values ?? (body.value ? [body.value] : undefined);
  const histograms = body.histograms ?? (body.histogram ? [body.histogram] : undefined);
  const times: number[] = [];
  const values: number[] = [];
  for (const point of list(points)) {
    const [time, given] = list(point);
    times.push(number(time) * 1_000);
    values.push(sample(given));
  }
  const histogram = times.length === 0 && list(histograms).length > 0;
  if (!histogram) return { labels: labels(body.metric), times, values, histogram };
  const buckets = list(histograms).map((point) => {
    const [time, given] = list(point);
    times.push(number(time) * 1_000);
    values.push(sample(record(given).count));
    return list(record(given).buckets).map(readBucket);
  });
  return { labels: labels(body.metric), times, values, histogram, buckets };
}

/** The first element says which of the bounds are in the bucket. */
function readBucket(value: unknown): Bucket {
  const [, from, to, count] = list(value);
  return { from: sample(from), to: sample(to), count: sample(count) };
}

export async function queryExemplars(
  query: string,
  fromMs: number,
  toMs: number,
  signal?: AbortSignal,
): Promise<Exemplar[]> {
  const parameters = { query, start: fromMs / 1_000, end: toMs / 1_000 };
  const body = record(await request(`${BASE}/query_exemplars`, { parameters, signal }));
  return list(body.data).flatMap((entry) =>
    list(record(entry).exemplars).map((item) => ({
      seriesLabels: labels(record(entry).seriesLabels),
      labels: labels(record(item).labels),
      value: sample(record(item).value),
      timeMs: number(record(item).timestamp) * 1_000,
    })),
  );
}

/** Restricts labels and their values to series that match a selector, and to a time range. */
export interface LabelScope {
  selectors?: string[] | undefined;
  range?: { fromMs: number; toMs: number } | undefined;
}

const LABELS_MAX = 10_000;

function scoped({ selectors, range }: LabelScope) {
  return {
    "match[]": selectors,
    start: range && range.fromMs / 1_000,
    end: range && range.toMs / 1_000,
    limit: LABELS_MAX,
  };
}

export async function labelNames(scope: LabelScope = {}, signal?: AbortSignal): Promise<string[]> {
  const parameters = scoped(scope);
  return strings(record(await request(`${BASE}/labels`, { parameters, form: true, signal })).data);
}

export async function labelValues(
  name: string,
  scope: LabelScope = {},
  signal?: AbortSignal,
): Promise<string[]> {
  const path = `${BASE}/label/${encodeURIComponent(name)}/values`;
  return strings(record(await request(path, { parameters: scoped(scope), signal })).data);
}

export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

export async function metricMetadata(signal?: AbortSignal): Promise<Map<string, MetricMetadata>> {
  const data = record(record(await request(`${BASE}/metadata`, { signal })).data);
  return new Map(
    Object.entries(data).map(([name, entries]) => {
      const first = record(list(entries)[0]);
      return [name, { type: string(first.type), help: string(first.help), unit: string(first.unit) }];
    }),
  );
}

export interface NamedMetric extends MetricMetadata {
  name: string;
}

/** All metrics. The metadata is empty where it is unknown, or when it cannot be requested. */
export async function listMetrics(scope: LabelScope = {}, signal?: AbortSignal): Promise<NamedMetric[]> {
  const unknown = new Map<string, MetricMetadata>();
  const [names, metadata] = await Promise.all([
    labelValues("__name__", scope, signal),
    metricMetadata(signal).catch(() => unknown),
  ]);
  return names.map((name) => ({ name, ...metadataOf(name, metadata) }));
}

const NO_METADATA: MetricMetadata = { type: "", help: "", unit: "" };

/** That of a classic histogram or summary is stored under its base name. */
function metadataOf(name: string, metadata: Map<string, MetricMetadata>): MetricMetadata {
  return metadata.get(name) ?? metadata.get(name.replace(/_(bucket|count|sum|total)$/, "")) ?? NO_METADATA;
}

/** A series' name for a legend: `name{label="value"}`, as Prometheus prints it. */
export function seriesName(given: Labels): string {
  const { __name__: name = "", ...rest } = given;
  const inner = Object.entries(rest)
    .map(
      ([key, value]) =>
        `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key) ? key : JSON.stringify(key)}=${JSON.stringify(value)}`,
    )
    .join(", ");
  return inner || !name ? `${name}{${inner}}` : name;
}
