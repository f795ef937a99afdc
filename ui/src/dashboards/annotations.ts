/** The annotation queries of a dashboard: what they ask, and the annotations of their answers. */
import { record, string } from "../api/decode";
import type { LogLine } from "../api/loki";
import type { Annotation } from "../data/annotations";
import { column, type Frame, timeField } from "../data/frame";
import { logLines } from "../data/log-lines";
import { type Target, target } from "../data/source";
import { loki } from "../data/sources/loki";
import { prometheus } from "../data/sources/prometheus";
import { sql } from "../data/sources/sql";
import { nanosToMs } from "../time/format";
import { filteredQuery } from "./ad-hoc";
import { resolveSource } from "./data-sources";
import { interpolate, queryFormat, sqlFormat } from "./interpolate";
import { alignedRange, intervalMs, roundInterval } from "./intervals";
import type { AnnotationModel } from "./model";
import { sqlTables } from "./row-shape";
import { type DashboardContext, intervalGlobals, scopeOf, sourceContext } from "./scope";

export interface AnnotationRequest {
  target: Target;
  annotations: (frames: Frame[]) => Annotation[];
}

const STEP_MS = 60_000;
const POINTS_MAX = 11_000;
const LINES_MAX = 500;
/** More marks are not drawn. */
const ANNOTATIONS_MAX = 1_000;

/** The annotations that Grafana stores itself, of which there are none here. */
export function isBuiltIn({ spec }: AnnotationModel): boolean {
  return spec.builtIn === 1 || spec.builtIn === true;
}

/** The request of a query; null when it asks nothing, and a text when it cannot be asked. */
export function annotationRequest(
  given: AnnotationModel,
  context: DashboardContext,
): AnnotationRequest | string | null {
  if (isBuiltIn(given)) return null;
  const model = { ...given, spec: specOf(given) };
  const { spec, name } = model;
  const [expr, rawSql] = [string(spec.expr), string(spec.rawSql) || string(spec.rawQuery)];
  const source = resolveSource(
    { dataSource: model.dataSource, spec: { expr, rawSql } },
    null,
    sourceContext(context),
  );
  const { range } = context;
  const wantedMs = intervalMs(string(spec.step)) ?? STEP_MS;
  const stepMs = Math.max(wantedMs, roundInterval(((range.toMs - range.fromMs) / POINTS_MAX) * 1.5));
  const scope = scopeOf(context, intervalGlobals(stepMs, stepMs * 4));
  const filled = interpolate(expr, scope, queryFormat);
  const query =
    source.kind === "prometheus" || source.kind === "loki"
      ? filteredQuery(filled, source.kind, context)
      : filled;
  const refId = `annotation ${name}`;
  const of = (target: Target, read: (frame: Frame) => Annotation[]) => ({
    target,
    annotations: (frames: Frame[]) => frames.flatMap(read).slice(0, ANNOTATIONS_MAX),
  });
  switch (source.kind) {
    case "prometheus":
      if (query === "") return null;
      return of(
        target(refId, prometheus, {
          query: { expr: query },
          range: alignedRange(range, stepMs),
          intervalMs: stepMs,
        }),
        (frame) => regionsOf(frame, model, stepMs),
      );
    case "loki":
      if (query === "") return null;
      return of(
        target(refId, loki, { query: { expr: query, maxLines: LINES_MAX }, range, intervalMs: stepMs }),
        (frame) =>
          frame.meta.type === "log-lines"
            ? logLines(frame).map((line) => lineOf(line, model))
            : regionsOf(frame, model, stepMs),
      );
    case "sql":
      if (rawSql === "") return null;
      return of(
        target(refId, sql, {
          query: { rawSql: interpolate(rawSql, scope, sqlFormat) },
          range,
          intervalMs: stepMs,
        }),
        (frame) => rowsOf(frame, model),
      );
    case "grafana":
      return `The annotation query ${name} asks Grafana itself, which has no annotations here.`;
    default:
      return `The annotation query ${name} asks a data source of the type "${source.type}", which has no annotations here.`;
  }
}

/** A query is in `target` since it has an editor of its own. */
function specOf({ spec }: AnnotationModel): Record<string, unknown> {
  const written = Object.entries(spec).filter(([, value]) => value !== "");
  return { ...record(spec.target), ...Object.fromEntries(written) };
}

/** Samples above zero, of which those at a distance of one step are one region. */
function regionsOf(frame: Frame, model: AnnotationModel, stepMs: number): Annotation[] {
  const [time, value] = [timeField(frame), frame.fields.find(({ name }) => name === "Value")];
  if (!time || value?.type !== "number") return [];
  const labels = value.labels ?? {};
  const useValue = model.spec.useValueForTime === true || model.spec.useValueForTime === "on";
  const moments = time.values.flatMap((at, row) => {
    const sample = value.values[row] ?? 0;
    return sample > 0 ? [useValue ? Math.floor(sample) : at] : [];
  });
  const found: Annotation[] = [];
  for (const at of moments) {
    const last = found.at(-1);
    if (!useValue && last && at - last.toMs <= stepMs) last.toMs = at;
    else found.push(annotationAt(at, labels, model, ""));
  }
  return found;
}

function lineOf(line: LogLine, model: AnnotationModel): Annotation {
  const labels = { ...line.stream, ...line.metadata, ...line.parsed };
  return annotationAt(nanosToMs(line.nanos), labels, model, line.line);
}

function annotationAt(
  atMs: number,
  labels: Record<string, string>,
  { spec, name, color }: AnnotationModel,
  line: string,
): Annotation {
  const filled = (value: unknown) =>
    string(value).replace(/\{\{([^{}]*)\}\}/g, (_whole, key: string) => own(labels, key.trim()) ?? "");
  return {
    name,
    fromMs: atMs,
    toMs: atMs,
    title: filled(spec.titleFormat) || (line === "" ? (labels.alertname ?? name) : ""),
    text: filled(spec.textFormat) || line,
    tags: listed(string(spec.tagKeys)).flatMap((key) => own(labels, key) ?? []),
    color,
  };
}

function own(labels: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** The columns have the names that Grafana wants: `time`, `timeend`, `title`, `text` and `tags`. */
function rowsOf(given: Frame, { name, color }: AnnotationModel): Annotation[] {
  const frame = sqlTables([given], "table")[0] ?? given;
  const named = (wanted: string) => {
    const found = frame.fields.find((field) => field.name.toLowerCase() === wanted);
    return found ? column(frame, found.name) : [];
  };
  const [times, ends, titles] = [named("time"), named("timeend"), named("title")];
  const [texts, tags] = [named("text"), named("tags")];
  return Array.from({ length: frame.length }, (_, row) => {
    const fromMs = instantOf(times[row]);
    const toMs = instantOf(ends[row]);
    return {
      name,
      fromMs,
      toMs: toMs > fromMs ? toMs : fromMs,
      title: String(titles[row] ?? ""),
      text: String(texts[row] ?? ""),
      tags: listed(String(tags[row] ?? "")),
      color,
    };
  }).filter(({ fromMs }) => Number.isFinite(fromMs));
}

/** A time is in milliseconds, and an epoch of few digits in seconds. */
function instantOf(value: unknown): number {
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  return number < 1e11 ? number * 1_000 : number;
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

/** Whether a panel shows an annotation. */
export function isShownIn({ filter }: AnnotationModel, panelId: number): boolean {
  return filter === null || filter.ids.includes(panelId) !== filter.exclude;
}
