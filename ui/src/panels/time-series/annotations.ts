/** The annotations of a chart: where they are, and how they are drawn. */
import type uPlot from "uplot";
import type { Annotation } from "../../data/annotations";
import type { Range } from "../../time/range";
import { namedColor, resolveColor, withAlpha } from "../colors";

export const annotationColor = ({ color }: Annotation) => namedColor(color || "var(--gh-info)");

/** Annotations that are too near to each other for marks of their own. */
export interface Mark {
  /** Pixels from the left of the plot. */
  x: number;
  annotations: Annotation[];
}

/** The distance of two marks, in pixels. */
const MARK_WIDTH = 12;

/** A region that begins before the range has its mark at the left. */
export function marksOf(annotations: Annotation[], { fromMs, toMs }: Range, width: number): Mark[] {
  const marks: Mark[] = [];
  const visible = annotations.filter((one) => one.toMs >= fromMs && one.fromMs <= toMs);
  for (const annotation of visible.sort((left, right) => left.fromMs - right.fromMs)) {
    const x = ((Math.max(fromMs, annotation.fromMs) - fromMs) / (toMs - fromMs)) * width;
    const last = marks.at(-1);
    if (last && x - last.x < MARK_WIDTH) last.annotations.push(annotation);
    else marks.push({ x, annotations: [annotation] });
  }
  return marks;
}

const AREA_ALPHA = 0.14;

/** The pixels of the canvas between which an annotation is; null when it is outside of the plot. */
function spanOf(plot: uPlot, { fromMs, toMs }: Annotation): [from: number, to: number] | null {
  const { left, width } = plot.bbox;
  const [from, to] = [fromMs, toMs].map((ms) => plot.valToPos(ms / 1_000, "x", true));
  if (from === undefined || to === undefined || to < left || from > left + width) return null;
  return [Math.max(left, from), Math.min(left + width, to)];
}

/** A line at a moment; an area and two lines for a region. They are behind the series, which stay readable. */
export function drawAnnotations(plot: uPlot, annotations: Annotation[]): void {
  if (annotations.length === 0) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const annotation of annotations) {
    const span = spanOf(plot, annotation);
    if (!span) continue;
    const color = resolveColor(annotationColor(annotation));
    ctx.fillStyle = withAlpha(color, AREA_ALPHA);
    ctx.fillRect(span[0], bbox.top, span[1] - span[0], bbox.height);
    ctx.strokeStyle = color;
    for (const x of new Set(span)) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
  ctx.restore();
}
