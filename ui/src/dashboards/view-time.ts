/** The time settings of a dashboard, as the page takes them. */
import type { ViewTime } from "../time/context";
import { parseDuration } from "../time/duration";
import { isTimeZone, type Zone } from "../time/format";
import type { TimeSettings } from "./model";

/** A Saturday is the sixth day after a Sunday. */
const WEEK_STARTS: Record<string, number> = { sunday: 0, monday: 1, saturday: 6 };

/** Null for the time zone that the person prefers, which an unknown one is too. */
export function zoneOf(timezone: string): Zone | null {
  if (timezone === "browser") return "local";
  if (timezone.toLowerCase() === "utc") return "utc";
  return timezone !== "" && isTimeZone(timezone) ? timezone : null;
}

export function viewTime(time: TimeSettings): ViewTime {
  const { timezone, weekStart, fiscalYearStartMonth, nowDelay, refreshIntervals, hidePicker } = time;
  return {
    zone: zoneOf(timezone),
    weekStart: WEEK_STARTS[weekStart.toLowerCase()] ?? null,
    fiscalStart: fiscalYearStartMonth,
    nowDelay,
    // The page has no shorter interval than a second.
    refreshIntervals: refreshIntervals.filter((interval) => (parseDuration(interval) ?? 0) >= 1_000),
    hidePicker,
  };
}
