import { describe, expect, it } from "vitest";
import { emptyBecauseOf, groupedBy, withMatcher } from "./promql";

describe("a matcher that is added", () => {
  it.each([
    ["up", 'up{job="a"}'],
    ["up{}", 'up{job="a"}'],
    ['up{x="}",} offset 5m', 'up{x="}", job="a"} offset 5m'],
    ['up{job!="a"}', 'up{job="a"}'],
    ['{"a.b", "c.d"="e"}', '{"a.b", "c.d"="e", job="a"}'],
    ["sum by (job) (rate(x[$__rate_interval]))", 'sum by (job) (rate(x{job="a"}[$__rate_interval]))'],
    ["a / on (job) group_left (b) c", 'a{job="a"} / on (job) group_left (b) c{job="a"}'],
  ])("is in every selector of %s", (expression, expected) => {
    expect(withMatcher(expression, "job", "a", true)).toBe(expected);
  });
  it("quotes what must be quoted", () => {
    expect(withMatcher("up", "k8s.pod", 'a"b\\', true)).toBe('up{"k8s.pod"="a\\"b\\\\"}');
    expect(withMatcher('up{job="a"}', "job", "a", false)).toBe('up{job!="a"}');
  });
});

describe("an expression that is grouped", () => {
  it.each([
    ["up", "sum by (model) (up)"],
    ["sum(rate(x[5m]))", "sum by (model) (rate(x[5m]))"],
    ["sum by (a, b) (x)", "sum by (model) (x)"],
    ["sum(x) by (a)", "sum(x) by (model)"],
    ["sum(a) / sum without (b) (c)", "sum by (model) (a) / sum by (model) (c)"],
    ["topk(5, x)", "sum by (model) (topk(5, x))"],
    [
      "histogram_quantile(0.9, sum by (le, a) (rate(x_bucket[$__rate_interval])))",
      "histogram_quantile(0.9, sum by (le, model) (rate(x_bucket[$__rate_interval])))",
    ],
  ])("%s becomes %s", (expression, expected) => {
    expect(groupedBy(expression, "model").replace(/ +/g, " ")).toBe(expected);
  });
  it("quotes the label", () => expect(groupedBy("up", "k8s.pod")).toBe('sum by ("k8s.pod") (up)'));
});

describe("an expression returns nothing without a metric", () => {
  const isSeen = (name: string) => name.startsWith("seen");
  it.each([
    ["seen > 1", []],
    ["gone > 1", ["gone"]],
    ["sum by (a) (rate(gone[5m]))", ["gone"]],
    ["seen / on (a) gone > 0.8", ["gone"]],
    ["seen and other", ["other"]],
    ["seen or gone", []],
    ["gone or other", ["gone", "other"]],
    ["seen unless gone", []],
    ["gone unless seen", ["gone"]],
    ["(gone or seen) / seen2", []],
    ["absent(gone)", []],
    ["absent_over_time(gone[5m])", []],
    ["absent(gone) and other", ["other"]],
    ['{__name__="gone"}', ["gone"]],
    ['{"gone", a="b"}', ["gone"]],
    ['{job="a"}', []],
    ["vector(1)", []],
    ["gone + gone", ["gone"]],
    ["gone >", ["gone"]],
    ["", []],
    [`${"(".repeat(5_000)}gone${")".repeat(5_000)}`, []],
  ])("%s", (expression, expected) => expect(emptyBecauseOf(expression, isSeen)).toEqual(expected));
});
