import { describe, expect, it } from "vitest";
import { withGrouping } from "./group-by";

describe("the labels of a group-by variable", () => {
  it.each([
    ["sum(rate(x[5m]))", "sum by (job, zone) (rate(x[5m]))"],
    ["sum by (le) (x)", "sum by (le, job, zone) (x)"],
    ["sum(x) by (le)", "sum(x) by (le, job, zone)"],
    ["sum by () (x)", "sum by (job, zone) (x)"],
    ["sum by (job) (x)", "sum by (job, zone) (x)"],
    ["SUM(x)", "SUM by (job, zone) (x)"],
    ["sum without (a) (x)", "sum without (a) (x)"],
    ["sum(x) without (a)", "sum(x) without (a)"],
    ["topk(5, sum(x))", "topk by (job, zone) (5, sum by (job, zone) (x))"],
    ["sum(a) / count(b)", "sum by (job, zone) (a) / count by (job, zone) (b)"],
    [
      "histogram_quantile(0.9, sum(rate(x[5m])) by (le))",
      "histogram_quantile(0.9, sum(rate(x[5m])) by (le, job, zone))",
    ],
    ['rate(x{sum="sum(a)"}[5m])', 'rate(x{sum="sum(a)"}[5m])'],
    ["sum_over_time(x[5m]) + sum", "sum_over_time(x[5m]) + sum"],
    ["sum # (of all)\n(x)", "sum by (job, zone)  # (of all)\n(x)"],
    ["sum(", "sum by (job, zone) ("],
    [
      'sum(count_over_time({a="b"} | json [5m]))',
      'sum by (job, zone) (count_over_time({a="b"} | json [5m]))',
    ],
    ['max_over_time({a="b"} | unwrap x [1m]) by (a)', 'max_over_time({a="b"} | unwrap x [1m]) by (a)'],
  ])("are in every aggregation of %s", (query, expected) => {
    expect(withGrouping(query, ["job", "zone"]).replace(/\) {2}\(/g, ") (")).toBe(expected);
  });
  it.each([[[]], [["a b", "1", "x)"]]])("that are no names change nothing: %j", (labels) => {
    expect(withGrouping("sum(x)", labels)).toBe("sum(x)");
  });
});
