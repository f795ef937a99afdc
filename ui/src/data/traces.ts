/** Summaries of traces as a frame, and back. */
import type { TraceSummary } from "../api/tempo";
import { column, type Field, type Frame, frameOf } from "./frame";

export type { TraceSummary };

type Column = [name: keyof TraceSummary, type: Field["type"], unit?: string];

const COLUMNS: Column[] = [
  ["traceId", "string"],
  ["rootService", "string"],
  ["rootName", "string"],
  ["startMs", "time"],
  ["durationMs", "number", "ms"],
  ["matched", "number"],
  ["spanCount", "number"],
  ["errorCount", "number"],
  ["services", "other"],
];

export function traceFrame(traces: TraceSummary[]): Frame {
  const fields = COLUMNS.map(([name, type, unit]) => ({
    name,
    type,
    values: traces.map((trace) => trace[name]),
    config: unit ? { unit } : {},
  }));
  return frameOf(fields as Field[], { meta: { type: "traces" } });
}

export function tracesOf(frames: Frame[]): TraceSummary[] {
  return frames
    .filter(({ meta }) => meta.type === "traces")
    .flatMap((frame) => {
      const columns = COLUMNS.map(([name]) => [name, column(frame, name)] as const);
      return Array.from(
        { length: frame.length },
        (_, row) =>
          Object.fromEntries(columns.map(([name, values]) => [name, values[row]])) as unknown as TraceSummary,
      );
    });
}
