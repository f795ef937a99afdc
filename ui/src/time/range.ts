/** Time ranges: relative (`now-6h`, `now/d`) or absolute; the current time is passed in. */
import { type Calendar, endOf, instantAt, shifted, startOf } from "./calendar";
import { formatInstant, type Zone } from "./format";

/** A range as written in the URL. Relative ends stay relative, so that a shared link shows current data. */
export interface RawRange {
  from: string;
  to: string;
}

/** A range in epoch milliseconds. */
export interface Range {
  fromMs: number;
  toMs: number;
}

export const DEFAULT_RANGE: RawRange = { from: "now-1h", to: "now" };

export const QUICK_RANGES: ReadonlyArray<{ label: string; from: string; to: string }> = [
  { label: "Last 5 minutes", from: "now-5m", to: "now" },
  { label: "Last 15 minutes", from: "now-15m", to: "now" },
  { label: "Last 30 minutes", from: "now-30m", to: "now" },
  { label: "Last hour", from: "now-1h", to: "now" },
  { label: "Last 3 hours", from: "now-3h", to: "now" },
  { label: "Last 6 hours", from: "now-6h", to: "now" },
  { label: "Last 12 hours", from: "now-12h", to: "now" },
  { label: "Last 24 hours", from: "now-24h", to: "now" },
  { label: "Last 2 days", from: "now-2d", to: "now" },
  { label: "Last 7 days", from: "now-7d", to: "now" },
  { label: "Last 30 days", from: "now-30d", to: "now" },
  { label: "Today", from: "now/d", to: "now" },
  { label: "Yesterday", from: "now-1d/d", to: "now-1d/d" },
];

/** Epoch milliseconds of one end of a range; null when it cannot be parsed. The end rounds up: `now/d` is midnight. */
export function parseInstant(
  text: string,
  nowMs: number,
  calendar: Calendar,
  side: "from" | "to" = "from",
): number | null {
  const trimmed = text.trim();
  if (trimmed.startsWith("now")) return parseRelative(trimmed, nowMs, calendar, side);
  if (/^\d{13}$/.test(trimmed)) return Number(trimmed);
  if (/^\d{10}(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1_000;
  if (/^\d{19}$/.test(trimmed)) return Math.floor(Number(trimmed) / 1e6);
  return parseCalendar(trimmed, calendar.zone);
}

const UNIT = "(?:ms|f[Qy]|[smhdwMQy])";
const RELATIVE = new RegExp(`^now((?:[+-]\\d{1,9}${UNIT}|/${UNIT})*)$`);
const STEP = new RegExp(`([+-/])(\\d*)(${UNIT})`, "g");

function parseRelative(text: string, nowMs: number, calendar: Calendar, side: "from" | "to"): number | null {
  const [, steps] = RELATIVE.exec(text.slice(0, 64)) ?? [];
  if (steps === undefined) return null;
  let instant = nowMs;
  for (const [, sign, count, unit = "s"] of steps.matchAll(STEP)) {
    if (sign === "/") instant = (side === "to" ? endOf : startOf)(instant, unit, calendar);
    else instant = shifted(instant, Number(`${sign}${count}`), unit, calendar);
  }
  return Number.isFinite(instant) ? instant : null;
}

function parseCalendar(text: string, zone: Zone): number | null {
  const plain = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?$/.exec(text);
  if (!plain) {
    if (!/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text)) return null;
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? null : parsed;
  }
  const part = (index: number): number => Number(plain[index] ?? 0);
  const ms = Number((plain[7] ?? "0").padEnd(3, "0"));
  const [year, month, day] = [part(1), part(2) - 1, part(3)];
  const wall = Date.UTC(year, month, day, part(4), part(5), part(6), ms);
  const back = new Date(wall);
  // `Date` accepts 31 April and makes it 1 May.
  if (Number.isNaN(wall) || back.getUTCDate() !== day || back.getUTCMonth() !== month) return null;
  return instantAt(wall, zone);
}

/** Both ends as instants; null when one cannot be parsed, or when the range is empty or reversed. */
export function resolveRange(raw: RawRange, nowMs: number, calendar: Calendar): Range | null {
  const fromMs = parseInstant(raw.from, nowMs, calendar);
  const toMs = parseInstant(raw.to, nowMs, calendar, "to");
  return fromMs === null || toMs === null || fromMs >= toMs ? null : { fromMs, toMs };
}

/** An absolute range, as written in the URL. */
export function absolute(range: Range): RawRange {
  return { from: String(Math.round(range.fromMs)), to: String(Math.round(range.toMs)) };
}

/** Why `resolveRange` rejects a range. */
export function rangeProblem({ from, to }: RawRange, nowMs: number, calendar: Calendar): string {
  const [fromMs, toMs] = [parseInstant(from, nowMs, calendar), parseInstant(to, nowMs, calendar, "to")];
  if (fromMs === null || toMs === null)
    return `The time range "${from}" to "${to}" is invalid. Showing the last hour.`;
  const end = (text: string, ms: number) =>
    text.startsWith("now") ? text : formatInstant(ms, calendar.zone);
  return `The time range ${end(from, fromMs)} to ${end(to, toMs)} ends before it starts. Showing the last hour.`;
}

function isRelative(raw: RawRange): boolean {
  return raw.from.startsWith("now") || raw.to.startsWith("now");
}

/** Twice the span around the same centre, but not beyond the current time. */
export function zoomedOut(range: Range, nowMs: number): Range {
  const span = range.toMs - range.fromMs;
  const toMs = Math.min(range.toMs + span / 2, Math.max(nowMs, range.toMs));
  return { fromMs: Math.max(0, toMs - span * 2), toMs };
}

/** Half a span earlier (`-1`) or later (`1`). */
export function shiftedRange(range: Range, direction: -1 | 1): Range {
  const half = ((range.toMs - range.fromMs) / 2) * direction;
  return { fromMs: Math.max(0, range.fromMs + half), toMs: range.toMs + half };
}

interface View {
  raw: RawRange;
  range: Range;
  nowMs: number;
  calendar: Calendar;
}

interface PanelOverride {
  timeFrom?: string | undefined;
  timeShift?: string | undefined;
}

/**
 * The range of a panel: `timeFrom` replaces a relative range of the view, `timeShift` moves it into the past. What
 * cannot be read changes nothing.
 */
export function panelRange(view: View, { timeFrom, timeShift }: PanelOverride) {
  const { raw, nowMs, calendar } = view;
  const from = timeFrom?.startsWith("now") ? timeFrom : `now-${timeFrom}`;
  const own = timeFrom && isRelative(raw) ? resolveRange({ from, to: "now" }, nowMs, calendar) : null;
  const range = own ?? view.range;
  const start = timeShift ? parseInstant(`now-${timeShift}`, range.fromMs, calendar) : null;
  const shiftMs = start === null ? 0 : range.fromMs - start;
  return { range: { fromMs: range.fromMs - shiftMs, toMs: range.toMs - shiftMs }, shiftMs };
}

const UNIT_NAMES: Record<string, string> = {
  ms: "millisecond",
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  M: "month",
  Q: "quarter",
  y: "year",
};

/**
 * The label of a range with a relative end: the name of a quick range, `Last 45 minutes`, or both ends, of which an
 * absolute one is written by `instant`. Null for absolute ranges.
 */
export function describeRelative(
  raw: RawRange,
  instant: (side: "from" | "to") => string = (side) => raw[side],
): string | null {
  const quick = QUICK_RANGES.find((range) => range.from === raw.from && range.to === raw.to);
  if (quick) return quick.label;
  const [, count, unit = ""] = /^now-(\d+)(ms|[smhdwMQy])$/.exec(raw.from) ?? [];
  if (raw.to === "now" && count)
    return Number(count) === 1 ? `Last ${UNIT_NAMES[unit]}` : `Last ${count} ${UNIT_NAMES[unit]}s`;
  const end = (side: "from" | "to") => (raw[side].startsWith("now") ? raw[side] : instant(side));
  return isRelative(raw) ? `${end("from")} to ${end("to")}` : null;
}

const STEPS_MS = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 345_600_000, 604_800_000,
  1_209_600_000, 2_592_000_000, 5_184_000_000, 10_368_000_000, 15_552_000_000, 31_536_000_000,
];
const YEAR_MS = 31_536_000_000;

/** The smallest round step that gives at most `points` points; milliseconds. */
export function stepFor(range: Range, points: number): number {
  const wanted = (range.toMs - range.fromMs) / Math.max(1, points);
  return STEPS_MS.find((step) => step >= wanted) ?? Math.ceil(wanted / YEAR_MS) * YEAR_MS;
}
