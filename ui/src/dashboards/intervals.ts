/** The distance of the points of a query, and the variables that depend on it, as Grafana computes them. */
import { parseDuration, queryDuration } from "../time/duration";
import type { Range } from "../time/range";

/** Intervals below a limit, in milliseconds, and the round interval that they become. */
const ROUND_MS: [limit: number, rounded: number][] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1_500, 1_000],
  [3_500, 2_000],
  [7_500, 5_000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];
const YEAR_MS = 31_536_000_000;

const POINTS_MAX = 11_000;
const SCRAPE_MS = 15_000;

export function roundInterval(ms: number): number {
  return ROUND_MS.find(([limit]) => ms < limit)?.[1] ?? YEAR_MS;
}

/** The smallest round interval that is not below one. */
function roundedUp(ms: number): number {
  return ROUND_MS.find(([, rounded]) => rounded >= ms)?.[1] ?? YEAR_MS;
}

/** An interval such as `30s`, also as a lower limit: `>30s`. Null when it cannot be read. */
export function intervalMs(text: string): number | null {
  const ms = parseDuration(text.replace(/^\s*[>≥]=?\s*/, ""));
  return ms !== null && ms >= 1 ? ms : null;
}

export interface IntervalInput {
  range: Range;
  /** Of the panel, or its width in pixels. */
  maxDataPoints: number;
  /** That of the query, of the panel, of the data source: the first that is known counts. May be a macro. */
  minIntervals: string[];
  intervalFactor: number;
}

export interface Intervals {
  /** The distance of two points; that of `$__interval`. */
  stepMs: number;
  rateIntervalMs: number;
}

export function intervalsOf({
  range,
  maxDataPoints,
  minIntervals,
  intervalFactor,
}: IntervalInput): Intervals {
  const span = Math.max(1, range.toMs - range.fromMs);
  const wanted = minIntervals.find((text) => text.trim() !== "") ?? "";
  const followsRate = /\$\{?__rate_interval/.test(wanted);
  const scrapeMs = minIntervals.map(intervalMs).findLast((ms) => ms !== null) ?? SCRAPE_MS;
  const minMs = (followsRate ? null : intervalMs(wanted)) ?? scrapeMs;
  const calculated = roundInterval(span / Math.max(1, maxDataPoints));
  const adjusted = Math.max(calculated, minMs, roundedUp(span / POINTS_MAX));
  if (followsRate) {
    const rate = Math.max(adjusted + scrapeMs, 4 * scrapeMs);
    return { stepMs: rate, rateIntervalMs: rate };
  }
  const stepMs = adjusted * Math.max(1, Math.round(intervalFactor));
  return { stepMs, rateIntervalMs: Math.max(stepMs + minMs, 4 * minMs) };
}

/** The range with ends at whole steps, so that a refresh asks for the same points. */
export function alignedRange({ fromMs, toMs }: Range, stepMs: number, offsetMs = 0): Range {
  const floored = (ms: number) => Math.floor((ms + offsetMs) / stepMs) * stepMs - offsetMs;
  return { fromMs: floored(fromMs), toMs: Math.max(floored(toMs), floored(fromMs) + 1) };
}

/** `$__auto_interval_x`: the range divided by a count, but not below a minimum. */
export function autoInterval({ fromMs, toMs }: Range, count: number, min: string): string {
  return queryDuration(Math.max(roundInterval((toMs - fromMs) / Math.max(1, count)), intervalMs(min) ?? 1));
}
