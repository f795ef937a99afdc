/** The ticks of a time axis. */
import { instantAt, wallTime } from "../time/calendar";
import { formatInstant, type Zone } from "../time/format";
import { type Range, stepFor } from "../time/range";

const DAY_MS = 86_400_000;
/** Half the width of the longest label. */
const HALF_LABEL = 32;

export interface Tick {
  ms: number;
  /** Pixels from the start of the axis. */
  x: number;
  label: string;
  /** At the ends of the axis the label is beside its tick, so that it is not cut off. */
  anchor: "start" | "middle" | "end";
}

/** The ticks of an axis that is `width` pixels long, at least `space` pixels apart. */
export function timeTicks(range: Range, width: number, space: number, zone: Zone): Tick[] {
  if (width < space) return [];
  const stepMs = stepFor(range, Math.max(2, Math.floor(width / space)));
  const ticks: Tick[] = [];
  // Steps of hours and days begin at midnight of the zone.
  const first = Math.ceil(wallTime(range.fromMs, zone) / stepMs) * stepMs;
  for (let wall = first; ; wall += stepMs) {
    const ms = instantAt(wall, zone);
    if (!(ms < range.toMs)) return ticks;
    // An hour that a clock skips has no tick of its own.
    if (ms <= (ticks.at(-1)?.ms ?? Number.NEGATIVE_INFINITY)) continue;
    const x = ((ms - range.fromMs) / (range.toMs - range.fromMs)) * width;
    const anchor = x < HALF_LABEL ? "start" : x > width - HALF_LABEL ? "end" : "middle";
    ticks.push({ ms, x, label: formatTick(ms, stepMs, zone), anchor });
  }
}

/** The label of a tick, for ticks that are `stepMs` apart. Ticks that are a month apart may be in several years. */
export function formatTick(ms: number, stepMs: number, zone: Zone): string {
  const text = formatInstant(ms, zone, stepMs < 1_000);
  if (stepMs >= 28 * DAY_MS) return text.slice(0, 10);
  if (stepMs >= DAY_MS || text.slice(11, 19) === "00:00:00") return text.slice(5, 10);
  return stepMs < 1_000 ? text.slice(14) : stepMs < 60_000 ? text.slice(11, 19) : text.slice(11, 16);
}
