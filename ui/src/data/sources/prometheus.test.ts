import { afterEach, describe, expect, it, vi } from "vitest";
import { readAnswer, type Series, seriesName } from "../../api/prometheus";
import type { Frame } from "../frame";
import { exemplarUnit, prometheus, seriesFrames, shortNames } from "./prometheus";

const line = (labels: Record<string, string>): Series => ({
  labels,
  times: [],
  values: [],
  histogram: false,
});
const REQUEST = {
  query: { expr: "x", exemplar: true },
  range: { fromMs: 0, toMs: 60_000 },
  intervalMs: 10_000,
};
const MATRIX = { data: { resultType: "matrix", result: [{ metric: { a: "1" }, values: [[1, "2"]] }] } };
const EXEMPLARS = {
  data: [
    {
      seriesLabels: { __name__: "x_seconds_bucket" },
      exemplars: [{ labels: { trace_id: "0af7651916cd43dd8448eb211c80319c" }, value: "1.5", timestamp: 3 }],
    },
    { seriesLabels: { __name__: "x_total" }, exemplars: [{ labels: {}, value: "4", timestamp: 3 }] },
  ],
};

/** What each path is answered with, and when. */
function stubServer(answers: Record<string, () => Promise<unknown>>) {
  vi.stubGlobal("fetch", async (path: string) => {
    const found = Object.entries(answers).find(([end]) => path.includes(end));
    return Response.json((await found?.[1]()) ?? {});
  });
}

async function answers(): Promise<Frame[][]> {
  const found: Frame[][] = [];
  for await (const frames of prometheus.query(REQUEST, new AbortController().signal)) found.push(frames);
  return found;
}

const types = (frames: Frame[]) => frames.map(({ meta }) => meta.type);

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
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
          {
            metric: { a: "2" },
            histograms: [[1, { count: "7", sum: "3", buckets: [[0, "-0.5", "+Inf", "7"]] }]],
          },
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
    expect(answer.series[1]).toMatchObject({
      histogram: true,
      values: [7],
      buckets: [[{ from: -0.5, to: Number.POSITIVE_INFINITY, count: 7 }]],
    });
    expect(answer.warnings).toEqual(["w"]);
  });
  it.each([null, {}, { data: 3 }, { data: { resultType: "vector", result: [null, { value: [1] }] } }])(
    "survives %j",
    (body) => {
      expect(() => readAnswer(body)).not.toThrow();
    },
  );
});

describe("series as frames", () => {
  it("have times at a known distance, labels, a name and the notices of the answer", () => {
    const answer = readAnswer({ ...MATRIX, warnings: ["w"], infos: ["i"] });
    expect(seriesFrames(answer, "x", 10_000)).toEqual([
      {
        fields: [
          { name: "Time", type: "time", values: [1_000], config: { interval: 10_000 } },
          {
            name: "Value",
            type: "number",
            values: [2],
            labels: { a: "1" },
            config: { displayNameFromDS: '{a="1"}' },
          },
        ],
        length: 1,
        meta: {
          type: "timeseries",
          executedQuery: "x",
          notices: [
            { severity: "warning", text: "w" },
            { severity: "info", text: "i" },
          ],
        },
      },
    ]);
  });
  it("are named by the labels that differ", () => {
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
});

describe("exemplars", () => {
  it("are answered with the series when they come soon", async () => {
    stubServer({ query_exemplars: async () => EXEMPLARS, query_range: async () => MATRIX });
    const [first, ...rest] = await answers();
    expect(rest).toEqual([]);
    expect(types(first ?? [])).toEqual(["timeseries", "exemplars", "exemplars"]);
    const [, seconds, unknown] = first ?? [];
    expect(seconds?.fields.map(({ values }) => values[0])).toEqual([
      3_000,
      1.5,
      { trace_id: "0af7651916cd43dd8448eb211c80319c", __name__: "x_seconds_bucket" },
      "0af7651916cd43dd8448eb211c80319c",
      null,
    ]);
    expect([seconds, unknown].map((frame) => frame?.fields[1]?.config)).toEqual([{ unit: "s" }, {}]);
  });
  it("follow the series when they come late", async () => {
    let release: (body: unknown) => void = () => {};
    const late = new Promise((resolve) => {
      release = resolve;
    });
    stubServer({ query_exemplars: () => late, query_range: async () => MATRIX });
    vi.useFakeTimers();
    const stream = prometheus.query(REQUEST, new AbortController().signal)[Symbol.asyncIterator]();
    const first = stream.next();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(types((await first).value)).toEqual(["timeseries"]);
    const second = stream.next();
    release(EXEMPLARS);
    expect(types((await second).value)).toEqual(["timeseries", "exemplars", "exemplars"]);
  });
  it("are left out when their request fails", async () => {
    stubServer({
      query_exemplars: async () => {
        throw new TypeError("no network");
      },
      query_range: async () => MATRIX,
    });
    expect((await answers()).map(types)).toEqual([["timeseries"]]);
  });
  it.each([
    ["x_seconds_bucket", "s"],
    ["x_seconds", "s"],
    ["x_bucket", "short"],
    ["x_seconds_total", undefined],
  ])("of %s have the unit %s", (metric, unit) => expect(exemplarUnit(metric)).toBe(unit));
});
