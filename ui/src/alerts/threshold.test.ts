import { describe, expect, it } from "vitest";
import { conditionOf } from "./threshold";

describe("the condition of an expression", () => {
  it.each([
    ["up == 0", "up", "==", 0],
    [
      "gpu_memory_used_bytes / gpu_memory_total_bytes > 0.9",
      "gpu_memory_used_bytes / gpu_memory_total_bytes",
      ">",
      0.9,
    ],
    [
      'sum(rate(a{s=~"5..",b!="<1"}[5m]))\n  /\nsum(rate(a[5m])) > 1e-2',
      'sum(rate(a{s=~"5..",b!="<1"}[5m]))\n  /\nsum(rate(a[5m]))',
      ">",
      0.01,
    ],
    ["redis_used / (redis_max > 0) > 0.9", "redis_used / (redis_max > 0)", ">", 0.9],
    ["(a > 1)", "a", ">", 1],
    ["0.9 < a", "a", ">", 0.9],
    ["a > bool 3", "a", ">", 3],
    ["a <= -1.5 # a > 2", "a", "<=", -1.5],
    ["used > total", "used", ">", "total"],
    ["a > on (x) group_left (y) b", "a", ">", "b"],
    ["a > 1 and b < 2", "a", ">", 1],
    ["(a > 1) or (b < 2)", "a", ">", 1],
    [
      'sum by (s) (count_over_time({s=~".+"} |= `x > 1` [5m])) >= 20',
      'sum by (s) (count_over_time({s=~".+"} |= `x > 1` [5m]))',
      ">=",
      20,
    ],
    ["absent(up)", "absent(up)", null, null],
    ["changes(a[5m])", "changes(a[5m])", null, null],
    ["a > b > c", "a > b > c", null, null],
    ["", "", null, null],
    ['a{b="', 'a{b="', null, null],
    ["((((", "((((", null, null],
  ])("%s", (expression, query, comparison, limit) => {
    expect(conditionOf(expression)).toEqual({ query, comparison, limit });
  });
});
