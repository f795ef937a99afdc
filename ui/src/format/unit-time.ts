/** The formats of dates and long durations among the units. */
import { formatInstant, timeZoneOf, type Zone } from "../time/format";
import { formatPattern } from "../time/pattern";

/** Their lengths in milliseconds, the largest first. */
const INTERVALS: readonly [string, number][] = [
  ["year", 3.1536e10],
  ["month", 2.592e9],
  ["week", 6.048e8],
  ["day", 8.64e7],
  ["hour", 3.6e6],
  ["minute", 6e4],
  ["second", 1e3],
  ["millisecond", 1],
];

/** `1 day, 12 hours, 0 minutes`: as many units after the first as there are decimals. */
export function formatLongDuration(ms: number, own: "millisecond" | "second", decimals: number): string {
  if (ms === 0) return `0 ${own}s`;
  let rest = Math.round(Math.abs(ms));
  const first = INTERVALS.findIndex(([, length]) => rest >= length);
  if (first < 0) return `0 ${own}s`;
  const words = INTERVALS.slice(first, first + decimals + 1).map(([name, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return `${count} ${name}${count === 1 ? "" : "s"}`;
  });
  return words.join(", ") + (ms < 0 ? " ago" : "");
}

const two = (value: number) => String(value).padStart(2, "0");

/** Seconds as `13:05:59`, with days as `1 d 13:05:59`. */
export function formatHms(seconds: number, days: boolean): string {
  const whole = Math.floor(Math.abs(seconds));
  const day = days ? Math.floor(whole / 86_400) : 0;
  const rest = whole - day * 86_400;
  const clock = [Math.floor(rest / 3_600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
  return `${day > 0 ? `${day} d ` : ""}${clock}${seconds < 0 ? " ago" : ""}`;
}

/** Milliseconds as `01h:59m:59s:999ms`; decimals limit the parts after the first. */
export function formatClock(ms: number, decimals?: number): string {
  const whole = Math.floor(Math.abs(ms));
  const parts: [number, string][] = [
    [Math.floor(whole / 3.6e6), "h"],
    [Math.floor(whole / 6e4) % 60, "m"],
    [Math.floor(whole / 1e3) % 60, "s"],
    [whole % 1_000, "ms"],
  ];
  const first = parts.findIndex(([count], index) => count > 0 || index === parts.length - 1);
  return parts
    .slice(first, decimals === undefined ? undefined : first + decimals + 1)
    .map(([count, unit]) => `${String(count).padStart(unit === "ms" ? 3 : 2, "0")}${unit}`)
    .join(":");
}

/** An instant in a named form or a pattern; `shortToday` leaves out the date of today. */
export function formatDate(ms: number, form: string, zone: Zone, shortToday = false): string {
  const today =
    shortToday && formatInstant(ms, zone).slice(0, 10) === formatInstant(Date.now(), zone).slice(0, 10);
  switch (form) {
    case "iso":
      return formatPattern(ms, today ? "HH:mm:ss" : "YYYY-MM-DD HH:mm:ss", zone);
    case "us":
      return formatPattern(ms, today ? "h:mm:ss a" : "MM/DD/YYYY h:mm:ss a", zone);
    case "local":
      return new Intl.DateTimeFormat(undefined, {
        ...(today ? {} : { dateStyle: "short" }),
        timeStyle: "medium",
        timeZone: timeZoneOf(zone),
      }).format(ms);
    case "from-now":
      return fromNow(ms - Date.now());
    default:
      return formatPattern(ms, form, zone);
  }
}

/** `7 days ago`, `in 2 minutes`. */
function fromNow(ms: number): string {
  const [unit, length] = INTERVALS.find(([name, size]) => name !== "week" && Math.abs(ms) >= size - 500) ?? [
    "second",
    1_000,
  ];
  const words = new Intl.RelativeTimeFormat("en");
  if (unit === "millisecond") return words.format(0, "second");
  return words.format(Math.round(ms / length), unit as Intl.RelativeTimeFormatUnit);
}
