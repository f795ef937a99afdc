import { describe, expect, it } from "vitest";
import { readDashboard } from "./read";
import { viewTime, zoneOf } from "./view-time";

describe("the time settings of a dashboard", () => {
  it.each([
    ["", null],
    ["default", null],
    ["browser", "local"],
    ["utc", "utc"],
    ["UTC", "utc"],
    ["America/New_York", "America/New_York"],
    ["<img src=x>", null],
  ])("have the time zone %j", (timezone, expected) => {
    expect(zoneOf(timezone)).toBe(expected);
  });
  it.each([
    [{}, { weekStart: null, fiscalStart: 0, nowDelay: "", refreshIntervals: [], hidePicker: false }],
    [
      { weekStart: "sunday", fiscalYearStartMonth: 3 },
      { weekStart: 0, fiscalStart: 3 },
    ],
    [
      { weekStart: "browser", fiscalYearStartMonth: 99 },
      { weekStart: null, fiscalStart: 11 },
    ],
    [{ timepicker: { hidden: true, nowDelay: "1m" } }, { hidePicker: true, nowDelay: "1m" }],
    [
      { timepicker: { refresh_intervals: ["100ms", "5s", "1d", "x", 3] } },
      { refreshIntervals: ["5s", "1d"] },
    ],
  ])("are read of %j", (json, expected) => {
    expect(viewTime(readDashboard({ title: "A", panels: [], ...json }).time)).toMatchObject(expected);
  });
});
