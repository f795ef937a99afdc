/** The exemplars of a chart: which are drawn, on which scale, and where. */
import type uPlot from "uplot";
import { column, type Frame, type Labels, numberFields, timeField } from "../../data/frame";
import { formatValue } from "../../format/units";
import type { Range } from "../../time/range";
import { resolveColor } from "../colors";
import type { Scale } from "./model";

export interface Exemplar {
  timeMs: number;
  value: number;
  labels: Labels;
  traceId: string | null;
  spanId: string | null;
  /** The key of its scale. */
  scale: string;
  format: (value: number) => string;
}

const PER_BUCKET = 2;
const BUCKETS = 90;
const HIT_PIXELS = 9;
const SIZE = 4;

/**
 * Those with the largest values of each time bucket. They are on the scale of the series with their unit; an
 * exemplar of another unit, or of a counter, whose unit nothing tells, gets an axis of its own.
 */
export function placeExemplars(frames: Frame[], range: Range, scales: Map<string, Scale>): Exemplar[] {
  const found = frames
    .filter(({ meta }) => meta.type === "exemplars")
    .flatMap((frame): Exemplar[] => {
      const [value] = numberFields(frame);
      const times = timeField(frame)?.values ?? [];
      if (!value) return [];
      const { unit, decimals } = value.config;
      const same = [...scales.values()].find((scale) => unit !== undefined && scale.unit === unit);
      const [labels, traceIds, spanIds] = ["labels", "traceId", "spanId"].map((name) => column(frame, name));
      return times.map((timeMs, index) => ({
        timeMs,
        value: value.values[index] ?? Number.NaN,
        labels: (labels?.[index] ?? {}) as Labels,
        traceId: (traceIds?.[index] ?? null) as string | null,
        spanId: (spanIds?.[index] ?? null) as string | null,
        scale: same?.key ?? `exemplars ${unit ?? ""}`,
        format: (given) => formatValue(given, unit, decimals),
      }));
    })
    .filter(({ value }) => Number.isFinite(value));
  const kept = largest(found, range);
  for (const { scale: key, value, format } of kept) {
    const scale = scales.get(key) ?? ownScale(scales, key, format);
    scale.reach = Math.max(scale.reach ?? value, value);
  }
  return kept;
}

function largest(exemplars: Exemplar[], range: Range): Exemplar[] {
  const bucketMs = (range.toMs - range.fromMs) / BUCKETS;
  const counts = new Map<number, number>();
  return exemplars
    .sort((left, right) => right.value - left.value)
    .filter(({ timeMs }) => {
      const bucket = Math.floor(timeMs / bucketMs);
      const count = counts.get(bucket) ?? 0;
      counts.set(bucket, count + 1);
      return count < PER_BUCKET;
    });
}

function ownScale(scales: Map<string, Scale>, key: string, format: Exemplar["format"]): Scale {
  const scale: Scale = {
    key,
    unit: "",
    side: "right",
    label: "Exemplars",
    distribution: { type: "linear" },
    min: null,
    max: null,
    softMin: 0,
    softMax: null,
    centeredZero: false,
    thresholds: null,
    grid: null,
    color: null,
    format,
    reach: null,
  };
  scales.set(key, scale);
  return scale;
}

interface Place {
  x: number;
  y: number;
  /** Whether its value is beyond the scale, at whose edge it is drawn. */
  beyond: boolean;
}

/** In pixels of the canvas, or of the page. Null for an exemplar that is outside of the time range. */
function placeOf(plot: uPlot, exemplar: Exemplar, canvas: boolean): Place | null {
  const { min, max } = plot.scales[exemplar.scale] ?? {};
  const { min: from, max: to } = plot.scales.x ?? {};
  const seconds = exemplar.timeMs / 1_000;
  if (min == null || max == null || from == null || to == null || seconds < from || seconds > to) return null;
  const value = Math.min(max, Math.max(min, exemplar.value));
  return {
    x: plot.valToPos(seconds, "x", canvas),
    y: plot.valToPos(value, exemplar.scale, canvas),
    beyond: value !== exemplar.value,
  };
}

/** Diamonds; one beyond the scale has its value beside it, as far as there is space. */
export function drawExemplars(plot: uPlot, exemplars: Exemplar[]): void {
  if (exemplars.length === 0) return;
  const { ctx } = plot;
  const size = SIZE * devicePixelRatio;
  const taken: { x: number; end: number }[] = [];
  ctx.save();
  ctx.fillStyle = resolveColor("var(--gh-critical)");
  ctx.strokeStyle = resolveColor("var(--gh-panel)");
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${10 * devicePixelRatio}px Inter Variable, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const exemplar of exemplars) {
    const place = placeOf(plot, exemplar, true);
    if (!place) continue;
    const { x, y, beyond } = place;
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
    if (beyond) label(plot, exemplar.format(exemplar.value), place, taken);
  }
  ctx.restore();
}

/** To the right of the diamond, or to its left at the right edge. The largest values come first. */
function label(plot: uPlot, text: string, { x, y }: Place, taken: { x: number; end: number }[]): void {
  const gap = (SIZE + 3) * devicePixelRatio;
  const width = plot.ctx.measureText(text).width;
  const right = plot.bbox.left + plot.bbox.width;
  const start = x + gap + width > right ? x - gap - width : x + gap;
  if (taken.some((other) => start < other.end && start + width > other.x)) return;
  taken.push({ x: start, end: start + width });
  // The text stays inside of the plot, of which the diamond is at the edge.
  const inside = Math.min(plot.bbox.top + plot.bbox.height - gap, Math.max(plot.bbox.top + gap, y));
  plot.ctx.fillText(text, start, inside);
}

export function exemplarAt(plot: uPlot, exemplars: Exemplar[]): Exemplar | null {
  const { left = -1, top = -1 } = plot.cursor;
  if (left < 0 || top < 0) return null;
  let best: Exemplar | null = null;
  let closest = HIT_PIXELS;
  for (const exemplar of exemplars) {
    const place = placeOf(plot, exemplar, false);
    if (!place) continue;
    const distance = Math.hypot(place.x - left, place.y - top);
    if (distance < closest) {
      closest = distance;
      best = exemplar;
    }
  }
  return best;
}
