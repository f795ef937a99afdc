import { describe, expect, it } from "vitest";
import { calendarOf } from "./calendar";
import { formatDuration, parseDuration, queryDuration } from "./duration";
import { formatAgo, formatInstant, formatSpan, msToNanos, nanosToMs } from "./format";
import {
  describeRelative,
  parseInstant,
  rangeProblem,
  resolveRange,
  shiftedRange,
  stepFor,
  zoomedOut,
} from "./range";

const UTC = calendarOf("utc");
const NOW = Date.UTC(2026, 10, 20, 15, 4, 5, 678);

describe("one end of a range", () => {
  it.each([
    ["now", NOW],
    ["now-1h", NOW - 3_600_000],
    ["now-90m", NOW - 5_400_000],
    ["now-1d-2h", NOW - 26 * 3_600_000],
    ["now+5m", NOW + 300_000],
    ["now/d", Date.UTC(2026, 10, 20)],
    ["now-1d/d", Date.UTC(2026, 10, 19)],
    ["now/w", Date.UTC(2026, 10, 16)],
    ["now/M", Date.UTC(2026, 10, 1)],
    ["now/y", Date.UTC(2026, 0, 1)],
    ["now-1M/M", Date.UTC(2026, 9, 1)],
    ["now/h", Date.UTC(2026, 10, 20, 15)],
    ["now/Q", Date.UTC(2026, 9, 1)],
    ["now-1Q/Q", Date.UTC(2026, 6, 1)],
    ["now/fQ", Date.UTC(2026, 9, 1)],
    ["now/fy", Date.UTC(2026, 0, 1)],
    ["now/d+8h", Date.UTC(2026, 10, 20, 8)],
    ["now-9M", Date.UTC(2026, 1, 20, 15, 4, 5, 678)],
    ["1732115045678", 1_732_115_045_678],
    ["1732115045", 1_732_115_045_000],
    ["1732115045.5", 1_732_115_045_500],
    ["1732115045678000000", 1_732_115_045_678],
    ["2026-11-20", Date.UTC(2026, 10, 20)],
    ["2026-11-20 15:04", Date.UTC(2026, 10, 20, 15, 4)],
    ["2026-11-20T15:04:05.5", Date.UTC(2026, 10, 20, 15, 4, 5, 500)],
    ["2026-11-20T15:04:05Z", Date.UTC(2026, 10, 20, 15, 4, 5)],
    ["2026-11-20T15:04:05+02:00", Date.UTC(2026, 10, 20, 13, 4, 5)],
  ])("reads %s", (text, expected) => {
    expect(parseInstant(text, NOW, UTC)).toBe(expected);
  });

  it.each([
    "",
    "yesterday",
    "now-",
    "now-1x",
    "now-1h/q",
    "now/f",
    "now/fd",
    "now-99999999999y",
    `now${"-1d".repeat(1_000)}`,
    "2026-02-31",
    "2026-13-01",
    "12",
    "now - 1h",
    "<script>",
  ])("rejects %j", (text) => {
    expect(parseInstant(text, NOW, UTC)).toBeNull();
  });
});

describe("the other end of a range", () => {
  it.each([
    ["now", NOW],
    ["now/d", Date.UTC(2026, 10, 21) - 1],
    ["now-1d/d", Date.UTC(2026, 10, 20) - 1],
    ["now/w", Date.UTC(2026, 10, 23) - 1],
    ["now/M", Date.UTC(2026, 11, 1) - 1],
    ["now-1y/y", Date.UTC(2026, 0, 1) - 1],
  ])("rounds %s up", (text, expected) => {
    expect(parseInstant(text, NOW, UTC, "to")).toBe(expected);
  });
});

describe("a range", () => {
  it("of whole days ends with the last of them", () => {
    expect(resolveRange({ from: "now-1d/d", to: "now-1d/d" }, NOW, UTC)).toEqual({
      fromMs: Date.UTC(2026, 10, 19),
      toMs: Date.UTC(2026, 10, 20) - 1,
    });
  });
  it("must not be empty or reversed", () => {
    expect(resolveRange({ from: "now", to: "now-1h" }, NOW, UTC)).toBeNull();
    expect(resolveRange({ from: "now", to: "now" }, NOW, UTC)).toBeNull();
  });
  it("zooms out to twice its length, but not into the future", () => {
    expect(zoomedOut({ fromMs: NOW - 1_000, toMs: NOW }, NOW)).toEqual({ fromMs: NOW - 2_000, toMs: NOW });
    expect(zoomedOut({ fromMs: 10_000, toMs: 20_000 }, NOW)).toEqual({ fromMs: 5_000, toMs: 25_000 });
  });
  it("shifts by half its length", () => {
    expect(shiftedRange({ fromMs: 10_000, toMs: 20_000 }, -1)).toEqual({ fromMs: 5_000, toMs: 15_000 });
    expect(shiftedRange({ fromMs: 10_000, toMs: 20_000 }, 1)).toEqual({ fromMs: 15_000, toMs: 25_000 });
  });
  it("has a label when it is relative", () => {
    expect(describeRelative({ from: "now-1h", to: "now" })).toBe("Last hour");
    expect(describeRelative({ from: "now-45m", to: "now" })).toBe("Last 45 minutes");
    expect(describeRelative({ from: "now-10y", to: "now" })).toBe("Last 10 years");
    expect(describeRelative({ from: "now-1M", to: "now" })).toBe("Last month");
    expect(describeRelative({ from: "now-2d/d", to: "now/d" })).toBe("now-2d/d to now/d");
    expect(describeRelative({ from: "1732115045678", to: "1732115045679" })).toBeNull();
  });
  it("is said to be reversed, with readable ends", () => {
    expect(rangeProblem({ from: "1732115045678", to: "1732111445678" }, NOW, UTC)).toBe(
      "The time range 2024-11-20 15:04:05 to 2024-11-20 14:04:05 ends before it starts. Showing the last hour.",
    );
  });
  it("has a round step that keeps the number of points", () => {
    expect(stepFor({ fromMs: 0, toMs: 3_600_000 }, 320)).toBe(15_000);
    expect(stepFor({ fromMs: 0, toMs: 60_000 }, 320)).toBe(1_000);
    expect(stepFor({ fromMs: 0, toMs: 365 * 86_400_000 }, 100)).toBe(4 * 86_400_000);
    expect(stepFor({ fromMs: 0, toMs: 3_650 * 86_400_000 }, 10)).toBe(365 * 86_400_000);
    expect(stepFor({ fromMs: 0, toMs: 3_650 * 86_400_000 }, 5)).toBe(730 * 86_400_000);
  });
});

describe("durations", () => {
  it.each([
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    ["90", 90_000],
    ["15µs", 0.015],
  ])("reads %s", (text, expected) => expect(parseDuration(text)).toBeCloseTo(expected, 9));
  it.each(["", "h", "1h x", "-5m", "5 m"])("rejects %j", (text) => expect(parseDuration(text)).toBeNull());
  it.each([
    [0, "0 ms"],
    [0.00042, "420 ns"],
    [0.0154, "15.4 µs"],
    [12.34, "12.3 ms"],
    [500, "500 ms"],
    [999.7, "1.00 s"],
    [1_234, "1.23 s"],
    [8_003, "8.00 s"],
    [18_000, "18 s"],
    [18_042, "18.0 s"],
    [59_970, "1 min"],
    [61_000, "1 min 1 s"],
    [5_400_000, "1 h 30 min"],
    [90_000_000, "1 d 1 h"],
    [Number.NaN, "–"],
  ])("shows %d ms as %s", (ms, expected) => expect(formatDuration(ms)).toBe(expected));
  it("writes them for queries", () => {
    expect([1_500, 15_000, 300_000, 7_200_000, 172_800_000].map(queryDuration)).toEqual([
      "1500ms",
      "15s",
      "5m",
      "2h",
      "2d",
    ]);
  });
});

describe("instants", () => {
  it("shows them in UTC", () => {
    expect(formatInstant(NOW, "utc")).toBe("2026-11-20 15:04:05");
    expect(formatInstant(NOW, "utc", true)).toBe("2026-11-20 15:04:05.678");
    expect(formatInstant(Number.NaN, "utc")).toBe("–");
    expect(formatInstant(9e18, "utc")).toBe("–");
  });
  it("leaves out the date that a range repeats", () => {
    expect(formatSpan(NOW, NOW + 60_000, "utc")).toBe("2026-11-20 15:04:05 → 15:05:05");
  });
  it("says how long ago", () => {
    expect([0, 12_000, 600_000, 7_300_000, 400_000_000].map((ms) => formatAgo(NOW - ms, NOW))).toEqual([
      "now",
      "12 s ago",
      "10 min ago",
      "2 h ago",
      "5 d ago",
    ]);
    expect(formatAgo(null, NOW)).toBe("never");
  });
  it("converts nanoseconds without losing the milliseconds", () => {
    expect(nanosToMs("1732115045678901234")).toBeCloseTo(1_732_115_045_678.901, 2);
    expect(nanosToMs("x")).toBeNaN();
    expect(msToNanos(1_732_115_045_678)).toBe("1732115045678000000");
  });
});
