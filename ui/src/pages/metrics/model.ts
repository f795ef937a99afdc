/** Turns query results into the data of the chart and its legend. */
import type { Exemplar, Labels, MetricMetadata, QueryAnswer, Series } from "../../api/prometheus";
import { seriesName } from "../../api/prometheus";
import type { ChartExemplar } from "../../panels/chart-cursor";
import { colorsOf } from "../../panels/colors";
import type { LegendRow } from "../../panels/legend";
import type { ChartSeries } from "../../panels/time-chart";
import type { Range } from "../../time/range";
import { traceIdOf } from "../../url/trace-id";

/** More lines than this are indistinguishable, and slow to draw. */
export const DRAWN_MAX = 200;
const EXEMPLARS_PER_BUCKET = 2;
const EXEMPLAR_BUCKETS = 90;

export interface Answered {
  letter: string;
  expression: string;
  answer: QueryAnswer;
}

export interface ChartModel {
  times: number[];
  series: ChartSeries[];
  legend: LegendRow[];
  /** All series of the answers, of which at most `DRAWN_MAX` are drawn. */
  total: number;
}

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** Aligns all series to the same times; a missing point is a gap. */
export function chartModel(answers: Answered[], range: Range, stepMs: number): ChartModel {
  const start = Math.floor(range.fromMs / stepMs) * stepMs;
  const count = Math.max(1, Math.floor((range.toMs - start) / stepMs) + 1);
  const times = Array.from({ length: count }, (_, index) => start + index * stepMs);
  const named = answers.flatMap((answered) => {
    const names = shortNames(answered.answer.series, answered.expression);
    return answered.answer.series.map((series, index) => {
      const name = names[index] ?? "";
      return { series, name: answers.length > 1 ? `${answered.letter} · ${name}` : name };
    });
  });
  const drawn = named.slice(0, DRAWN_MAX);
  const colors = colorsOf(drawn.map(({ name }) => name));
  const series = drawn.map(({ series: given, name }): ChartSeries => {
    const values = new Array<number | null>(count).fill(null);
    given.times.forEach((time, at) => {
      const slot = Math.round((time - start) / stepMs);
      const value = given.values[at] ?? Number.NaN;
      if (slot >= 0 && slot < count) values[slot] = Number.isFinite(value) ? value : null;
    });
    return { name, color: colors.get(name) ?? "", values };
  });
  return { times, series, legend: series.map(legendRow), total: named.length };
}

function legendRow({ name, color, values }: ChartSeries): LegendRow {
  let last: number | null = null;
  let min: number | null = null;
  let max: number | null = null;
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    last = value;
    min = min === null || value < min ? value : min;
    max = max === null || value > max ? value : max;
    sum += value;
    count += 1;
  }
  return { name, color, last, min, max, mean: count > 0 ? sum / count : null };
}

/** Names without the labels that all series share; the query when no label is left. */
export function shortNames(series: Series[], expression: string): string[] {
  if (series.length <= 1)
    return series.map((given) => (Object.keys(given.labels).length ? seriesName(given.labels) : expression));
  const common = new Set(
    Object.entries(series[0]?.labels ?? {}).map(([name, value]) => `${name}\u0000${value}`),
  );
  for (const { labels } of series) {
    for (const pair of common) {
      const [name = "", value] = pair.split("\u0000");
      if (labels[name] !== value) common.delete(pair);
    }
  }
  return series.map(({ labels }) => {
    const kept: Labels = {};
    for (const [name, value] of Object.entries(labels)) {
      if (!common.has(`${name}\u0000${value}`)) kept[name] = value;
    }
    const names = Object.keys(kept);
    if (names.length === 0) return expression;
    return names.length === 1 && names[0] && names[0] !== "__name__"
      ? (kept[names[0]] ?? "")
      : seriesName(kept);
  });
}

/** The default query for a metric, by its type. */
export function firstQuery(name: string, metadata: MetricMetadata | undefined): string {
  const selector = /^[a-zA-Z_:][\w:]*$/.test(name) ? name : `{${JSON.stringify(name)}}`;
  if (/_bucket$/.test(name))
    return `histogram_quantile(0.95, sum by (le) (rate(${selector}[$__rate_interval])))`;
  const counter = metadata?.type === "counter" || /_(total|count|sum)$/.test(name);
  return counter ? `sum(rate(${selector}[$__rate_interval]))` : selector;
}

/** The exemplars with the largest values of each time bucket. */
export function chartExemplars(given: Exemplar[], range: Range): ChartExemplar[] {
  const bucketMs = (range.toMs - range.fromMs) / EXEMPLAR_BUCKETS;
  const counts = new Map<number, number>();
  return [...given]
    .sort((left, right) => right.value - left.value)
    .filter((exemplar) => {
      const bucket = Math.floor(exemplar.timeMs / bucketMs);
      const count = counts.get(bucket) ?? 0;
      counts.set(bucket, count + 1);
      return count < EXEMPLARS_PER_BUCKET;
    })
    .map((exemplar) => ({
      timeMs: exemplar.timeMs,
      value: exemplar.value,
      labels: { ...exemplar.labels, ...exemplar.seriesLabels },
      traceId: traceIdOf(exemplar.labels),
      spanId: exemplar.labels.span_id ?? exemplar.labels.spanId ?? null,
    }));
}

/** The letters of the disabled queries. */
export function parseOff(text: string | undefined): Set<string> {
  return new Set((text ?? "").split(",").filter(Boolean));
}
