import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatItems, formatRate, unitOf } from "./number";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [9_999, "9,999"],
    [12_345, "12,345"],
    [1_234_567, "1.23M"],
    [-4_567_000_000, "−4.57G"],
    [999_999, "999,999"],
    [0.5, "0.5"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NaN, "NaN"],
  ])("counts %d as %s", (value, expected) => expect(formatCount(value)).toBe(expected));
  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_536, "1.5 KiB"],
    [183_400_000, "175 MiB"],
  ])("shows %d bytes as %s", (value, expected) => expect(formatBytes(value)).toBe(expected));
  it("names items in the singular and the plural", () => {
    expect(formatItems(1, "match", "matches")).toBe("1 match");
    expect(formatItems(1_234, "trace")).toBe("1,234 traces");
  });
  it("rounds rates to few digits", () => {
    expect([1_234.56, 163.64, 37.39, 0.123, 0, 45_678.9].map(formatRate)).toEqual([
      "1,235",
      "164",
      "37.4",
      "0.12",
      "0",
      "45,700",
    ]);
  });
});

describe("the unit of a query", () => {
  it.each([
    ["process_resident_memory_bytes", "bytes"],
    ["rate(http_response_size_bytes_total[5m])", "short"],
    ["histogram_quantile(0.95, sum by (le) (rate(http_latency_seconds_bucket[5m])))", "s"],
    ["rate(process_cpu_seconds_total[5m])", "short"],
    ["count(process_resident_memory_bytes)", "short"],
    ["alex_sessions_active", "short"],
    ["cache_hit_ratio", "percentunit"],
  ])("of %s is %s", (query, expected) => expect(unitOf(query)).toBe(expected));
});
