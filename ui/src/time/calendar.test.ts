import { describe, expect, it } from "vitest";
import { calendarOf, endOf, instantAt, shifted, startOf, wallTime } from "./calendar";

const NEW_YORK = "America/New_York";
const KOLKATA = "Asia/Kolkata";
const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

describe("the wall time of a zone", () => {
  it.each([
    ["utc", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"],
    [NEW_YORK, "2026-07-01T12:00:00Z", "2026-07-01T08:00:00Z"],
    [NEW_YORK, "2026-01-01T12:00:00Z", "2026-01-01T07:00:00Z"],
    [KOLKATA, "2026-07-01T12:00:00.250Z", "2026-07-01T17:30:00.250Z"],
  ])("%s at %s", (zone, instant, wall) => {
    expect(iso(wallTime(at(instant), zone))).toBe(wall);
    expect(instantAt(at(wall), zone)).toBe(at(instant));
  });
  it("that the clock skips is an instant all the same", () => {
    expect(iso(instantAt(at("2026-03-08T02:30:00Z"), NEW_YORK))).toMatch(/^2026-03-08T0[67]:30/);
  });
  it("keeps what is no time", () => {
    expect([Number.NaN, 9e15].map((ms) => wallTime(ms, NEW_YORK))).toEqual([Number.NaN, 9e15]);
  });
});

describe("a unit of the calendar", () => {
  const NOW = at("2026-05-20T02:15:30.500Z");
  const fiscal = { ...calendarOf("utc"), fiscalStart: 3 };
  it.each([
    ["d", calendarOf("utc"), "2026-05-20T00:00:00Z", "2026-05-20T23:59:59.999Z"],
    ["d", calendarOf(NEW_YORK), "2026-05-19T04:00:00Z", "2026-05-20T03:59:59.999Z"],
    ["h", calendarOf(KOLKATA), "2026-05-20T01:30:00Z", "2026-05-20T02:29:59.999Z"],
    ["w", calendarOf("utc"), "2026-05-18T00:00:00Z", "2026-05-24T23:59:59.999Z"],
    ["w", { ...calendarOf("utc"), weekStart: 0 }, "2026-05-17T00:00:00Z", "2026-05-23T23:59:59.999Z"],
    ["w", { ...calendarOf("utc"), weekStart: 6 }, "2026-05-16T00:00:00Z", "2026-05-22T23:59:59.999Z"],
    ["M", calendarOf("utc"), "2026-05-01T00:00:00Z", "2026-05-31T23:59:59.999Z"],
    ["Q", calendarOf("utc"), "2026-04-01T00:00:00Z", "2026-06-30T23:59:59.999Z"],
    ["fQ", { ...fiscal, fiscalStart: 1 }, "2026-05-01T00:00:00Z", "2026-07-31T23:59:59.999Z"],
    ["fy", fiscal, "2026-04-01T00:00:00Z", "2027-03-31T23:59:59.999Z"],
    ["fy", { ...fiscal, fiscalStart: 6 }, "2025-07-01T00:00:00Z", "2026-06-30T23:59:59.999Z"],
    ["y", fiscal, "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999Z"],
  ])("%s in %j", (unit, calendar, start, end) => {
    expect([iso(startOf(NOW, unit, calendar)), iso(endOf(NOW, unit, calendar))]).toEqual([start, end]);
  });
});

describe("an instant", () => {
  it.each([
    ["2026-03-31T00:00:00Z", -1, "M", "utc", "2026-02-28T00:00:00Z"],
    ["2024-02-29T00:00:00Z", 1, "y", "utc", "2025-02-28T00:00:00Z"],
    ["2026-01-31T12:00:00Z", -1, "Q", "utc", "2025-10-31T12:00:00Z"],
    // The clock of New York is an hour ahead since 8 March.
    ["2026-03-08T16:00:00Z", -1, "d", NEW_YORK, "2026-03-07T17:00:00Z"],
    ["2026-03-08T16:00:00Z", -24, "h", NEW_YORK, "2026-03-07T16:00:00Z"],
    ["2026-03-10T00:00:00Z", -1, "w", "utc", "2026-03-03T00:00:00Z"],
  ])("%s and %d %s in %s", (instant, count, unit, zone, expected) => {
    expect(iso(shifted(at(instant), count, unit, calendarOf(zone)))).toBe(expected);
  });
});
