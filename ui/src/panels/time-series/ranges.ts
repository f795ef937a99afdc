/** The extent of a value axis. */
import uPlot from "uplot";
import type { Scale } from "./model";

/** Beyond this factor exemplars are drawn at the edge, so that the lines stay readable. */
const REACH_MAX = 3;

/** The scale of given extremes of its values, which are null when it has none. */
export function extent(scale: Scale, dataMin: number | null, dataMax: number | null): [number, number] {
  const [low, high] =
    scale.distribution.type === "log"
      ? logarithmic(scale, dataMin, dataMax)
      : linear(scale, dataMin, dataMax);
  // A logarithmic scale has no place for a fixed end that is not positive, which is usually 0.
  const fits = (end: number | null) => scale.distribution.type !== "log" || (end ?? 1) > 0;
  const fixedMin = fits(scale.min) ? scale.min : null;
  const fixedMax = fits(scale.max) ? scale.max : null;
  const [min, max] = [fixedMin ?? low, fixedMax ?? high];
  // A fixed end may be beyond the values at the other.
  return min < max ? [min, max] : fixedMin === null ? [max - 1, max] : [min, min + 1];
}

function linear(scale: Scale, dataMin: number | null, dataMax: number | null): [number, number] {
  const max = reached(scale, dataMax);
  let [low, high] = bounds(dataMin ?? (max === null ? null : Math.min(0, max)), max);
  if (scale.softMin !== null) low = Math.min(low, scale.softMin);
  if (scale.softMax !== null) high = Math.max(high, scale.softMax);
  if (!scale.centeredZero) return [low, high];
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return [-reach, reach];
}

/** The maximum of the lines, raised to that of the exemplars. */
function reached({ reach }: Scale, max: number | null): number | null {
  if (reach === null) return max;
  if (max === null) return reach;
  return max <= 0 ? max : Math.max(max, Math.min(reach, max * REACH_MAX));
}

/** The axis includes zero unless the values are far from it. A constant line gets padding. */
function bounds(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  if (min === max) return min === 0 ? [0, 1] : [Math.min(0, min * 1.2), Math.max(0, max * 1.2)];
  const low = min >= 0 && min < max * 0.75 ? 0 : min - (max - min) * 0.06;
  return [low, max + (max - min) * 0.08];
}

/** Whole powers of the base; values that are not positive have no place. */
function logarithmic(scale: Scale, dataMin: number | null, dataMax: number | null): [number, number] {
  const base = scale.distribution.type === "linear" ? 10 : scale.distribution.base;
  const max = reached(scale, dataMax) ?? 1;
  const min = dataMin ?? 1;
  const low = Math.min(min, scale.softMin ?? min);
  const high = Math.max(max, scale.softMax ?? max);
  if (!(low > 0) || !(high > 0)) return [high > 0 ? high / base ** 3 : 1 / base, high > 0 ? high : 1];
  const [from, to] = uPlot.rangeLog(low, high, base, true);
  return [from ?? low, to ?? high];
}
