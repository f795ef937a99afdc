import { describe, expect, it } from "vitest";
import { formatTick, timeTicks } from "./time-axis";

const NOW = Date.UTC(2026, 10, 20, 15, 4, 5, 678);
const DAY_MS = 86_400_000;

describe("the label of a tick", () => {
  it.each([
    ["milliseconds", NOW, 100, "04:05.678"],
    ["seconds", NOW, 1_000, "15:04:05"],
    ["minutes", NOW, 60_000, "15:04"],
    ["the date at midnight", Date.UTC(2026, 10, 20), 3_600_000, "11-20"],
    ["the date", NOW, 7 * DAY_MS, "11-20"],
    ["the year", NOW, 30 * DAY_MS, "2026-11-20"],
  ])("has %s", (_case, ms, stepMs, expected) => expect(formatTick(ms, stepMs, "utc")).toBe(expected));
});

describe("the ticks of an axis", () => {
  it("are round times, whose labels are within the axis", () => {
    const range = { fromMs: Date.UTC(2026, 10, 20, 15, 0, 10), toMs: Date.UTC(2026, 10, 20, 15, 31) };
    const ticks = timeTicks({ ...range, fromMs: range.fromMs - 10_000 }, 640, 90, "utc");
    expect(ticks.map(({ label, anchor }) => `${label} ${anchor}`)).toEqual([
      "15:00 start",
      "15:05 middle",
      "15:10 middle",
      "15:15 middle",
      "15:20 middle",
      "15:25 middle",
      "15:30 end",
    ]);
    expect(timeTicks(range, 640, 90, "utc")[0]).toMatchObject({ label: "15:05", anchor: "middle" });
  });
  it("have the year over ten years", () => {
    const ticks = timeTicks({ fromMs: NOW - 3_650 * DAY_MS, toMs: NOW }, 1_200, 90, "utc");
    expect(ticks.length).toBeGreaterThan(5);
    for (const { label } of ticks) expect(label).toMatch(/^20[12]\d-\d\d-\d\d$/);
  });
  it("do not fit into a narrow axis", () => {
    expect(timeTicks({ fromMs: 0, toMs: 1_000 }, 40, 90, "utc")).toEqual([]);
  });
});
