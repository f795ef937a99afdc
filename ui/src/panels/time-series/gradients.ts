/** The gradients of lines and areas: by height, by hue, and by the value of a scheme or of thresholds. */
import type uPlot from "uplot";
import type { Thresholds } from "../../data/field-config";
import { namedColor, resolveColor, withAlpha } from "../colors";

/** The colours of the values of a series. */
export type ValueColors =
  | { kind: "scheme"; stops: string[]; min: number | null; max: number | null }
  | { kind: "thresholds"; thresholds: Thresholds; min: number | null; max: number | null };

type Stop = [at: number, color: string];

/** A canvas throws for a place that is not finite, and for a colour that it does not know. */
function vertical(plot: uPlot, from: number, to: number, stops: Stop[]): CanvasGradient | null {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return null;
  const gradient = plot.ctx.createLinearGradient(0, from, 0, to);
  try {
    for (const [at, color] of stops) gradient.addColorStop(Math.min(1, Math.max(0, at)), color);
  } catch {
    return null;
  }
  return gradient;
}

/** The height of the plot; null before its first layout. */
function heightOf({ bbox }: uPlot): [top: number, foot: number] | null {
  const { top, height } = bbox ?? {};
  return Number.isFinite(top) && height > 0 ? [top, top + height] : null;
}

/** Fades towards the foot. */
export function fadingFill(plot: uPlot, color: string, alpha: number): CanvasGradient | null {
  const height = heightOf(plot);
  return (
    height &&
    vertical(plot, ...height, [
      [0, withAlpha(color, alpha)],
      [1, withAlpha(color, 0)],
    ])
  );
}

/** From a neighbouring hue to another one. */
export function hueFill(plot: uPlot, color: string, alpha: number): CanvasGradient | null {
  const height = heightOf(plot);
  const turned = (degrees: number, lightness: number) =>
    withAlpha(`lch(from ${color} calc(l + ${lightness}) c calc(h + ${degrees}))`, alpha);
  return (
    height &&
    vertical(plot, ...height, [
      [0, turned(15, 10)],
      [1, turned(-15, -10)],
    ])
  );
}

/** The colours of the values on a scale, from which a line or an area is made. */
export function valueGradient(
  plot: uPlot,
  scale: string,
  colors: ValueColors,
  alpha: number,
): CanvasGradient | null {
  const { min, max } = plot.scales[scale] ?? {};
  if (min == null || max == null || !heightOf(plot)) return null;
  const [low, high] = [colors.min ?? min, colors.max ?? max];
  const shown = (color: string) => withAlpha(resolveColor(namedColor(color)), alpha);
  const y = (value: number) => plot.valToPos(value, scale, true);
  if (colors.kind === "scheme") {
    const last = Math.max(1, colors.stops.length - 1);
    return vertical(
      plot,
      y(low),
      y(high),
      colors.stops.map((color, index): Stop => [index / last, shown(color)]),
    );
  }
  const { mode, steps } = colors.thresholds;
  const [foot, top] = [y(min), y(max)];
  const valueAt = ({ value }: { value: number }) =>
    mode === "percentage" ? low + (value / 100) * (high - low) : value;
  // Each colour ends where the next one begins.
  const stops = steps.flatMap((step, index): Stop[] => {
    const at = index === 0 ? 0 : (y(valueAt(step)) - foot) / (top - foot);
    const before = steps[index - 1];
    const place = Number.isFinite(at) ? at : 0;
    return [...(before ? [[place, shown(before.color)] as Stop] : []), [place, shown(step.color)]];
  });
  return vertical(plot, foot, top, stops);
}
