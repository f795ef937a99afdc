import { describe, expect, it } from "vitest";
import { volumeOf } from "../panels/logs/volume";
import type { Frame } from "./frame";
import { type LogLine, logFrame, logLines } from "./log-lines";
import { seriesFrames } from "./sources/prometheus";
import { type TraceSummary, traceFrame, tracesOf } from "./traces";

const LINE: LogLine = {
  nanos: "1795000000123456789",
  line: "<b>x</b>",
  stream: { service_name: "a" },
  metadata: { trace_id: "t" },
  parsed: { code: "5" },
};
const TRACE: TraceSummary = {
  traceId: "1".repeat(32),
  rootService: "api",
  rootName: "GET /",
  startMs: 1_795_000_000_123.4,
  durationMs: 12,
  matched: 1,
  spanCount: null,
  errorCount: null,
  services: [{ name: "api", spans: 1, errors: 0 }],
};

describe("rows in frames", () => {
  it("are log lines, with times to the nanosecond", () => {
    const frame = logFrame([LINE, { ...LINE, nanos: "1" }]);
    expect(frame.length).toBe(2);
    expect(frame.fields[0]?.values[0]).toBeCloseTo(1_795_000_000_123.4568, 3);
    expect(logLines(frame)).toEqual([LINE, { ...LINE, nanos: "1" }]);
  });
  it("are traces, and frames of another type are left out", () => {
    expect(tracesOf([traceFrame([TRACE]), logFrame([LINE])])).toEqual([TRACE]);
  });
});

describe("the log volume", () => {
  it("counts the interval before each point, by level", () => {
    const count = (level: string, values: number[]) => ({
      labels: { detected_level: level },
      times: values.map((_, index) => (index + 1) * 1_000),
      values,
      histogram: false,
    });
    const series = [count("error", [2, 0]), count("ERROR", [1, 0]), count("", [Number.NaN, 4])];
    const answer = { type: "matrix" as const, series, text: null, warnings: [], infos: [] };
    const frames: Frame[] = seriesFrames(answer, "q", 1_000);
    expect(volumeOf(frames)).toEqual({
      bars: [
        { fromMs: 0, toMs: 1_000, counts: { error: 3 } },
        { fromMs: 1_000, toMs: 2_000, counts: { unknown: 4 } },
      ],
      levels: [
        { level: "unknown", count: 4 },
        { level: "error", count: 3 },
      ],
      total: 7,
    });
  });
});
