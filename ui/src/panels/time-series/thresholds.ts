/** Thresholds on a value axis, as lines or as areas. */
import type uPlot from "uplot";
import { namedColor, resolveColor, withAlpha } from "../colors";
import type { Scale } from "./model";

const AREA_ALPHA = 0.12;

interface Step {
  /** The value at which it begins, within the scale. */
  from: number;
  to: number;
  color: string;
  /** Whether it begins within the scale. */
  visible: boolean;
}

/** The steps that can be seen. Percentages are of the scale. */
function stepsOf(plot: uPlot, { key, thresholds }: Scale): Step[] {
  const { min, max } = plot.scales[key] ?? {};
  if (!thresholds || min == null || max == null) return [];
  const { mode, steps } = thresholds.steps;
  const at = (value: number) => (mode === "percentage" ? min + (value / 100) * (max - min) : value);
  return steps.map(({ value, color }, index) => ({
    from: Math.max(min, at(value)),
    to: Math.min(max, at(steps[index + 1]?.value ?? Number.POSITIVE_INFINITY)),
    color: resolveColor(namedColor(color)),
    visible: at(value) >= min && at(value) <= max,
  }));
}

export function drawThresholdAreas(plot: uPlot, scales: Scale[]): void {
  const { ctx, bbox } = plot;
  for (const scale of scales) {
    if (!scale.thresholds?.style.includes("area")) continue;
    for (const { from, to, color } of stepsOf(plot, scale)) {
      if (to <= from) continue;
      const top = plot.valToPos(to, scale.key, true);
      ctx.fillStyle = withAlpha(color, AREA_ALPHA);
      ctx.fillRect(bbox.left, top, bbox.width, plot.valToPos(from, scale.key, true) - top);
    }
  }
}

export function drawThresholdLines(plot: uPlot, scales: Scale[]): void {
  const { ctx, bbox } = plot;
  for (const scale of scales) {
    const style = scale.thresholds?.style ?? "off";
    if (style === "off" || style === "area") continue;
    ctx.save();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash(style.startsWith("dashed") ? [8 * devicePixelRatio, 6 * devicePixelRatio] : []);
    for (const { from, color, visible } of stepsOf(plot, scale)) {
      if (!visible) continue;
      const y = plot.valToPos(from, scale.key, true);
      ctx.strokeStyle = color;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }
}
