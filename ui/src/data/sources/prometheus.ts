/** The metrics of the Prometheus API as frames: a frame per series, and the exemplars of a query. */
import {
  type Exemplar,
  type Labels,
  type QueryAnswer,
  queryExemplars,
  queryInstant,
  queryRange,
  type Series,
  seriesName,
} from "../../api/prometheus";
import { unitOf } from "../../format/number";
import { traceIdOf } from "../../url/trace-id";
import { type Frame, frameOf, type Notice } from "../frame";
import type { DataSource } from "../source";

export interface PrometheusQuery {
  expr: string;
  /** Only the values at the end of the range. */
  instant?: boolean;
  /** Also the exemplars of the series. */
  exemplar?: boolean;
}

export const prometheus: DataSource<PrometheusQuery> = {
  type: "prometheus",
  query: async function* ({ query, range, intervalMs }, signal) {
    const { expr, instant, exemplar } = query;
    if (instant) {
      yield seriesFrames(await queryInstant(expr, range.toMs, signal), expr);
      return;
    }
    const found = exemplar ? exemplarFrames(queryExemplars(expr, range.fromMs, range.toMs, signal)) : null;
    const series = seriesFrames(
      await queryRange(expr, range.fromMs, range.toMs, intervalMs, signal),
      expr,
      intervalMs,
    );
    // Exemplars that come late do not hold back the series; those that come soon do not flicker.
    const soon = found ? await Promise.race([found, pause()]) : [];
    yield [...series, ...(soon ?? [])];
    if (found && !soon) yield [...series, ...(await found)];
  },
};

const PAUSE_MS = 400;

function pause(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), PAUSE_MS));
}

/** A frame per series, and one without fields when there are only notices. */
export function seriesFrames(answer: QueryAnswer, expr: string, intervalMs?: number): Frame[] {
  const notices: Notice[] = [
    ...answer.warnings.map((text): Notice => ({ severity: "warning", text })),
    ...answer.infos.map((text): Notice => ({ severity: "info", text })),
  ];
  const type = answer.type === "matrix" ? "timeseries" : "numeric";
  const names = shortNames(answer.series, expr);
  const frames = answer.series.map(({ labels, times, values, histogram, buckets }, index): Frame => {
    const config = {
      displayNameFromDS: names[index] ?? "",
      ...(histogram ? { custom: { histogram } } : {}),
    };
    return frameOf(
      [
        { name: "Time", type: "time", values: times, config: intervalMs ? { interval: intervalMs } : {} },
        answer.text === null
          ? { name: "Value", type: "number", values, labels, config }
          : { name: "Value", type: "string", values: [answer.text], labels, config },
        ...(buckets ? [{ name: "buckets", type: "other", values: buckets, config: {} } as const] : []),
      ],
      { meta: { type, executedQuery: expr, ...(index === 0 && notices.length > 0 ? { notices } : {}) } },
    );
  });
  if (frames.length > 0 || notices.length === 0) return frames;
  return [frameOf([], { meta: { type, executedQuery: expr, notices } })];
}

/** Names without the labels that all series share; the query when no label is left. */
export function shortNames(series: Pick<Series, "labels">[], expression: string): string[] {
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

/** A frame for each unit. A failed request gives none: the series are useful without them. */
async function exemplarFrames(answer: Promise<Exemplar[]>): Promise<Frame[]> {
  const found = await answer.catch((): Exemplar[] => []);
  const byUnit = new Map<string | undefined, Exemplar[]>();
  for (const exemplar of found) {
    const unit = exemplarUnit(exemplar.seriesLabels.__name__ ?? "");
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), exemplar]);
  }
  return [...byUnit].map(([unit, exemplars]) => exemplarFrame(exemplars, unit));
}

/** The value of a histogram's exemplar is one of its observations. That of a counter may be anything. */
export function exemplarUnit(metric: string): string | undefined {
  return /_(total|count|sum)$/.test(metric) ? undefined : unitOf(metric);
}

function exemplarFrame(exemplars: Exemplar[], unit: string | undefined): Frame {
  const labels = exemplars.map((one) => ({ ...one.labels, ...one.seriesLabels }));
  return frameOf(
    [
      { name: "Time", type: "time", values: exemplars.map(({ timeMs }) => timeMs), config: {} },
      {
        name: "Value",
        type: "number",
        values: exemplars.map(({ value }) => value),
        config: unit === undefined ? {} : { unit },
      },
      { name: "labels", type: "other", values: labels, config: {} },
      {
        name: "traceId",
        type: "string",
        values: exemplars.map((one) => traceIdOf(one.labels)),
        config: {},
      },
      {
        name: "spanId",
        type: "string",
        values: exemplars.map((one) => one.labels.span_id ?? one.labels.spanId ?? null),
        config: {},
      },
    ],
    { meta: { type: "exemplars" } },
  );
}
