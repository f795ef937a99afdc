/** Log lines as a frame, and back. */
import type { LogLine } from "../api/loki";
import { nanosToMs } from "../time/format";
import { column, type Field, type Frame, frameOf } from "./frame";

export type { LogLine };

/** A row per line; labels by their kind, because only those of a stream can select. */
export function logFrame(lines: LogLine[]): Frame {
  const labels = (name: string, of: (line: LogLine) => Record<string, string>): Field => ({
    name,
    type: "other",
    values: lines.map(of),
    config: {},
  });
  return frameOf(
    [
      { name: "Time", type: "time", values: lines.map(({ nanos }) => nanosToMs(nanos)), config: {} },
      { name: "nanos", type: "string", values: lines.map(({ nanos }) => nanos), config: {} },
      { name: "Line", type: "string", values: lines.map(({ line }) => line), config: {} },
      labels("stream", ({ stream }) => stream),
      labels("metadata", ({ metadata }) => metadata),
      labels("parsed", ({ parsed }) => parsed),
    ],
    { meta: { type: "log-lines" } },
  );
}

export function logLines(frame: Frame): LogLine[] {
  const [nanos, lines] = [column(frame, "nanos"), column(frame, "Line")];
  const [stream, metadata, parsed] = ["stream", "metadata", "parsed"].map(
    (name) => column(frame, name) as LogLine["stream"][],
  );
  return Array.from({ length: frame.length }, (_, row) => ({
    nanos: String(nanos[row] ?? ""),
    line: String(lines[row] ?? ""),
    stream: stream?.[row] ?? {},
    metadata: metadata?.[row] ?? {},
    parsed: parsed?.[row] ?? {},
  }));
}
