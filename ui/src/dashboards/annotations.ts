/** Annotations: moments and spans of time that charts mark. */
import { record, string } from "../api/decode";
import type { LogLine } from "../api/loki";
import { type Frame, timeField } from "../data/frame";
import { logLines } from "../data/log-lines";
import { type Target, target } from "../data/source";
import { loki } from "../data/sources/loki";
import { prometheus } from "../data/sources/prometheus";
import { nanosToMs } from "../time/format";
import { resolveSource } from "./data-sources";
import { interpolate, queryFormat } from "./interpolate";
import { alignedRange, intervalMs, roundInterval } from "./intervals";
import type { AnnotationModel } from "./model";
import { type DashboardContext, intervalGlobals, scopeOf, sourceContext } from "./scope";

export interface Annotation {
  /** The name of its query. */
  name: string;
  fromMs: number;
  /** The same as `fromMs` for a moment. */
  toMs: number;
  title: string;
  text: string;
  tags: string[];
  /** A colour of a board. */
  color: string;
}

export interface AnnotationRequest {
  target: Target;
  annotations: (frames: Frame[]) => Annotation[];
}

const STEP_MS = 60_000;
const POINTS_MAX = 11_000;
const LINES_MAX = 500;
/** More marks are not drawn. */
const ANNOTATIONS_MAX = 1_000;

/** Null when there is nothing to ask: for the annotations of Grafana itself, and for other data sources. */
export function annotationRequest(
  model: AnnotationModel,
  context: DashboardContext,
): AnnotationRequest | null {
  const { spec, name } = model;
  const inner = record(spec.target);
  const expr = string(spec.expr) || string(inner.expr);
  if (expr === "" || spec.builtIn === 1 || spec.builtIn === true) return null;
  const source = resolveSource(
    { dataSource: model.dataSource, spec: { expr } },
    null,
    sourceContext(context),
  );
  const { range } = context;
  const given = intervalMs(string(spec.step)) ?? STEP_MS;
  const stepMs = Math.max(given, roundInterval(((range.toMs - range.fromMs) / POINTS_MAX) * 1.5));
  const scope = scopeOf(context, intervalGlobals(stepMs, stepMs * 4));
  const filled = interpolate(expr, scope, queryFormat);
  const refId = `annotation ${name}`;
  if (source.kind === "prometheus")
    return {
      target: target(refId, prometheus, {
        query: { expr: filled },
        range: alignedRange(range, stepMs),
        intervalMs: stepMs,
      }),
      annotations: (frames) =>
        frames.flatMap((frame) => regionsOf(frame, model, stepMs)).slice(0, ANNOTATIONS_MAX),
    };
  if (source.kind === "loki")
    return {
      target: target(refId, loki, {
        query: { expr: filled, maxLines: LINES_MAX },
        range,
        intervalMs: stepMs,
      }),
      annotations: (frames) =>
        frames.flatMap((frame) =>
          frame.meta.type === "log-lines" ? logLines(frame).map((line) => lineOf(line, model)) : [],
        ),
    };
  return null;
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
    string(value).replace(/\{\{\s*(.+?)\s*\}\}/g, (_whole, label: string) => labels[label] ?? "");
  const keys = string(spec.tagKeys)
    .split(",")
    .map((key) => key.trim())
    .filter(Boolean);
  return {
    name,
    fromMs: atMs,
    toMs: atMs,
    title: filled(spec.titleFormat) || (line === "" ? (labels.alertname ?? name) : ""),
    text: filled(spec.textFormat) || line,
    tags: keys.flatMap((key) => labels[key] ?? []),
    color,
  };
}

/** Whether a panel shows an annotation. */
export function isShownIn({ filter }: AnnotationModel, panelId: number): boolean {
  return filter === null || filter.ids.includes(panelId) !== filter.exclude;
}
