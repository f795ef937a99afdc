/** Calendar arithmetic in any time zone: the units of relative times, and where they begin and end. */
import { timeZoneOf, type Zone } from "./format";

/** What `now/w` and the like depend on. */
export interface Calendar {
  zone: Zone;
  /** The first day of a week; 0 is Sunday. */
  weekStart: number;
  /** The first month of a fiscal year; 0 is January. */
  fiscalStart: number;
}

/** The calendar of the page, unless a view has its own. */
export function calendarOf(zone: Zone): Calendar {
  return { zone, weekStart: 1, fiscalStart: 0 };
}

const FIXED_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DAYS: Record<string, number> = { d: 1, w: 7 };
const MONTHS: Record<string, number> = { M: 1, Q: 3, y: 12, fQ: 3, fy: 12 };

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(timeZone, made);
  return made;
}

/** The instant whose UTC fields are those of another instant in the zone. */
export function wallTime(ms: number, zone: Zone): number {
  if (zone === "utc" || !Number.isFinite(ms) || Math.abs(ms) > 8.6e15) return ms;
  const timeZone = timeZoneOf(zone);
  if (timeZone === undefined) return ms - new Date(ms).getTimezoneOffset() * 60_000;
  const parts = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((ms % 1_000) + 1_000) % 1_000);
}

/** The inverse of `wallTime`. A wall time that a clock skips is that of before the change. */
export function instantAt(wallMs: number, zone: Zone): number {
  const guess = wallMs - (wallTime(wallMs, zone) - wallMs);
  return wallMs - (wallTime(guess, zone) - guess);
}

/** So many units later. Days and months keep the time of the day. */
export function shifted(ms: number, count: number, unit: string, { zone }: Calendar): number {
  const fixed = FIXED_MS[unit];
  if (fixed !== undefined) return ms + count * fixed;
  const date = new Date(wallTime(ms, zone));
  const months = MONTHS[unit];
  if (months === undefined) date.setUTCDate(date.getUTCDate() + count * (DAYS[unit] ?? 0));
  else {
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + count * months);
    // A shorter month ends before that day.
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    date.setUTCDate(Math.min(day, last));
  }
  return instantAt(date.getTime(), zone);
}

/** The start of the unit that an instant is in. */
export function startOf(ms: number, unit: string, { zone, weekStart, fiscalStart }: Calendar): number {
  const wall = wallTime(ms, zone);
  const fixed = FIXED_MS[unit];
  if (fixed !== undefined) return ms - (((wall % fixed) + fixed) % fixed);
  const date = new Date(wall);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const months = MONTHS[unit];
  if (months === undefined) {
    const back = unit === "w" ? (date.getUTCDay() - weekStart + 7) % 7 : 0;
    return instantAt(Date.UTC(year, month, day - back), zone);
  }
  const first = unit.startsWith("f") ? fiscalStart : 0;
  return instantAt(Date.UTC(year, month - ((month - first + 12) % months), 1), zone);
}

/** The last millisecond of the unit that an instant is in. */
export function endOf(ms: number, unit: string, calendar: Calendar): number {
  return shifted(startOf(ms, unit, calendar), 1, unit, calendar) - 1;
}
