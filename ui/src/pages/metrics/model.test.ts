import { describe, expect, it } from "vitest";
import type { Series } from "../../api/prometheus";
import { displayName } from "../../data/display-name";
import { numberFields } from "../../data/frame";
import { seriesFrames } from "../../data/sources/prometheus";
import { interpolate, writtenPosition } from "./interpolate";
import { prefixed } from "./model";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
const GRAFANA = "rate(x[$__rate_interval]) + y[${__range}] + $__interval $other";
const RANGE = { fromMs: 1_000_000, toMs: 1_060_000 };

describe("the series of several queries", () => {
  const answer = (letter: string) => {
    const series: Series[] = [{ labels: { job: "api" }, times: [1], values: [2], histogram: false }];
    const frames = seriesFrames({ type: "matrix", series, text: null, warnings: [], infos: [] }, "q", 1_000);
    return { letter, frames };
  };
  const names = (queries: Parameters<typeof prefixed>[0]) =>
    prefixed(queries).flatMap((frame) => numberFields(frame).map((field) => displayName(field, frame)));
  it("begin with the letter of their query", () => {
    expect(names([answer("A"), answer("B")])).toEqual(['A · {job="api"}', 'B · {job="api"}']);
    expect(names([answer("A"), { letter: "B", frames: undefined }])).toEqual(['{job="api"}']);
  });
});

describe("a query", () => {
  it("replaces Grafana's interval variables", () => {
    expect(interpolate(GRAFANA, RANGE, 15_000)).toBe("rate(x[1m]) + y[1m] + 15s $other");
  });
  it.each([
    ["sum(rate(x[$__rate_interval])", 22, 30],
    ["sum(rate(x[$__rate_interval]) + )", 19, 33],
    ["rate(x[$__rate_interval])", 8, 8],
    ["rate(x[$__rate_interval])", 9, 8],
    ['{a="äö"} + )', 14, 12],
    ["up + )", 7, 7],
  ])("%s: column %i as sent is column %i as written", (expression, column, written) => {
    expect(writtenPosition(expression, { line: 1, column }, RANGE, 15_000)).toEqual({
      line: 1,
      column: written,
    });
  });
});
