import { describe, expect, it } from "vitest";
import { alignedRange, autoInterval, intervalMs, intervalsOf, roundInterval } from "./intervals";

const hours = (count: number) => ({ fromMs: 0, toMs: count * 3_600_000 });

describe("an interval", () => {
  it.each([
    [5, 1],
    [12, 10],
    [7_499, 5_000],
    [7_500, 10_000],
    [17_000, 15_000],
    [86_400_000, 86_400_000],
    [4e9, 31_536_000_000],
  ])("of %s ms is rounded to %s", (ms, expected) => expect(roundInterval(ms)).toBe(expected));
  it.each([
    ["30s", 30_000],
    ["> 1m", 60_000],
    [">=1m", 60_000],
    ["", null],
    ["abc", null],
    ["0", null],
  ])("%j is %s ms", (text, expected) => expect(intervalMs(text)).toBe(expected));
  it("is the range divided by a count, or the minimum", () => {
    expect(autoInterval(hours(6), 30, "10s")).toBe("10m");
    expect(autoInterval(hours(0.01), 30, "10s")).toBe("10s");
  });
});

describe("the distance of points", () => {
  const step = (
    range: { fromMs: number; toMs: number },
    minIntervals: string[] = [],
    maxDataPoints = 1_000,
    intervalFactor = 1,
  ) => intervalsOf({ range, maxDataPoints, minIntervals, intervalFactor });
  it.each([
    [hours(1), [], 15_000, 60_000],
    [hours(1), ["", "", "1m"], 60_000, 240_000],
    [hours(24), ["30s"], 60_000, 120_000],
    [hours(1), ["$__rate_interval", "", "15s"], 60_000, 60_000],
    [hours(24 * 365), ["1s"], 21_600_000, 21_601_000],
  ])("of %j with %j is %s ms, for rates %s ms", (range, minimum, stepMs, rateIntervalMs) => {
    expect(step(range, minimum)).toEqual({ stepMs, rateIntervalMs });
  });
  it("gives at most 11,000 points", () => {
    const { stepMs } = step(hours(24), ["1s"], 100_000);
    expect(hours(24).toMs / stepMs).toBeLessThanOrEqual(11_000);
  });
  it("divides the time into whole steps", () => {
    expect(alignedRange({ fromMs: 12, toMs: 37 }, 10)).toEqual({ fromMs: 10, toMs: 30 });
  });
});
