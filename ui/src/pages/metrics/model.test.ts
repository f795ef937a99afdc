import { describe, expect, it } from "vitest";
import { readAnswer, type Series, seriesName } from "../../api/prometheus";
import { picked } from "../../panels/legend";
import { interpolate, writtenPosition } from "./interpolate";
import { chartExemplars, chartModel, DRAWN_MAX, firstQuery, shortNames } from "./model";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
const GRAFANA = "rate(x[$__rate_interval]) + y[${__range}] + $__interval $other";
const RANGE = { fromMs: 1_000_000, toMs: 1_060_000 };
const line = (labels: Record<string, string>, points: [number, number][] = []): Series => ({
  labels,
  times: points.map(([time]) => time),
  values: points.map(([, value]) => value),
  histogram: false,
});
const answered = (series: Series[], letter = "A") => ({
  letter,
  expression: "q",
  answer: { type: "matrix" as const, series, text: null, warnings: [], infos: [] },
});

describe("a Prometheus answer", () => {
  it("is decoded with its special numbers, histograms and warnings", () => {
    const answer = readAnswer({
      data: {
        resultType: "matrix",
        result: [
          {
            metric: { a: "1" },
            values: [
              [1, "+Inf"],
              [2.5, "NaN"],
              [3, "-Inf"],
              [4, "1e3"],
            ],
          },
          { metric: { a: "2" }, histograms: [[1, { count: "7", sum: "3" }]] },
        ],
      },
      warnings: ["w"],
    });
    expect(answer.series[0]?.values).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      1_000,
    ]);
    expect(answer.series[0]?.times).toEqual([1_000, 2_500, 3_000, 4_000]);
    expect(answer.series[1]).toMatchObject({ histogram: true, values: [7] });
    expect(answer.warnings).toEqual(["w"]);
  });
  it.each([null, {}, { data: 3 }, { data: { resultType: "vector", result: [null, { value: [1] }] } }])(
    "survives %j",
    (body) => {
      expect(() => readAnswer(body)).not.toThrow();
    },
  );
});

describe("a chart", () => {
  it("aligns all series to the same times, with gaps", () => {
    const series = [
      line({ a: "1" }, [
        [1_000_000, 1],
        [1_020_000, 3],
      ]),
      line({ a: "2" }, [[1_010_000, Number.NaN]]),
    ];
    const model = chartModel([answered(series)], RANGE, 10_000);
    expect(model.times).toHaveLength(7);
    expect(model.series[0]?.values).toEqual([1, null, 3, null, null, null, null]);
    expect(model.legend[0]).toMatchObject({ last: 3, min: 1, max: 3, mean: 2 });
    expect(model.legend[1]).toMatchObject({ last: null, mean: null });
  });
  it("draws a bounded number of series and reports the total", () => {
    const model = chartModel(
      [answered(Array.from({ length: 10_000 }, (_, index) => line({ a: String(index) })))],
      RANGE,
      10_000,
    );
    expect(model.series).toHaveLength(DRAWN_MAX);
    expect(model.total).toBe(10_000);
  });
  it("names series by the labels that differ", () => {
    expect(
      shortNames([line({ __name__: "x", job: "j", a: "1" }), line({ __name__: "x", job: "j", a: "2" })], "q"),
    ).toEqual(["1", "2"]);
    expect(shortNames([line({ a: "1", b: "2" }), line({ a: "2", b: "3" })], "q")).toEqual([
      '{a="1", b="2"}',
      '{a="2", b="3"}',
    ]);
    expect(shortNames([line({})], "q")).toEqual(["q"]);
    expect(seriesName({ __name__: "x", "a.b": 'c"' })).toBe('x{"a.b"="c\\""}');
  });
  it("shows one series alone, toggles series, and shows all again", () => {
    expect(picked([true, true, true], 1, false)).toEqual([false, true, false]);
    expect(picked([false, true, false], 1, false)).toEqual([true, true, true]);
    expect(picked([false, true, false], 0, true)).toEqual([true, true, false]);
  });
  it("keeps the largest exemplars of each time bucket", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      seriesLabels: {},
      labels: { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" },
      value: index,
      timeMs: RANGE.fromMs + index * 60,
    }));
    const dots = chartExemplars(many, RANGE);
    expect(dots.length).toBeLessThanOrEqual(182);
    expect(dots[0]).toMatchObject({ value: 999, spanId: "b7ad6b7169203331" });
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
  it("has a default for each type of metric", () => {
    expect(firstQuery("a_total", undefined)).toBe("sum(rate(a_total[$__rate_interval]))");
    expect(firstQuery("a", { type: "counter", help: "", unit: "" })).toBe("sum(rate(a[$__rate_interval]))");
    expect(firstQuery("a_bucket", undefined)).toContain(
      "histogram_quantile(0.95, sum by (le) (rate(a_bucket",
    );
    expect(firstQuery("a.b", undefined)).toBe('{"a.b"}');
  });
});
