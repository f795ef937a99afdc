/** Logs, traces and rows of SQL in the columns that Grafana gives them, for panels of any type. */
import { column, type Field, type Frame } from "../data/frame";
import { makeField, tableFrame, typeOf } from "./transform/fields";
import { perSeries } from "./transform/series";

const LOG_PANELS = new Set(["logs", "log-volume"]);
const TRACE_PANELS = new Set(["traces", "trace-list", "trace-scatter"]);

/** Lines with their labels as one object, of which `extractFields` makes columns. */
export function logTables(frames: Frame[], panelType: string): Frame[] {
  if (LOG_PANELS.has(panelType)) return frames;
  return frames.map((frame) => {
    if (frame.meta.type !== "log-lines") return frame;
    const kinds = ["stream", "metadata", "parsed"].map((name) => column(frame, name));
    const labels = Array.from({ length: frame.length }, (_, row) =>
      Object.assign({}, ...kinds.map((values) => values[row] ?? {})),
    );
    const fields = [
      makeField("labels", "other", labels),
      makeField("Time", "time", column(frame, "Time")),
      makeField("Line", "string", column(frame, "Line")),
      makeField("tsNs", "string", column(frame, "nanos"), { config: { custom: { hidden: true } } }),
    ];
    return { ...tableFrame(fields, frame), name: "" };
  });
}

const TRACE_COLUMNS: [own: string, name: string, title: string, type: Field["type"], unit?: string][] = [
  ["traceId", "traceID", "Trace ID", "string"],
  ["startMs", "startTime", "Start time", "time"],
  ["rootService", "traceService", "Service", "string"],
  ["rootName", "traceName", "Name", "string"],
  ["durationMs", "traceDuration", "Duration", "number", "ms"],
];

export function traceTables(frames: Frame[], panelType: string): Frame[] {
  if (TRACE_PANELS.has(panelType)) return frames;
  return frames.map((frame) => {
    if (frame.meta.type !== "traces") return frame;
    const fields = TRACE_COLUMNS.map(([own, name, title, type, unit]) =>
      makeField(name, type, column(frame, own), {
        config: { displayNameFromDS: title, ...(unit ? { unit } : {}) },
      }),
    );
    return tableFrame(fields, frame);
  });
}

/** Rows with times, texts and numbers; as series with their texts as labels when the query wants them. */
export function sqlTables(frames: Frame[], format: unknown): Frame[] {
  const typed = frames.map((frame) => ({ ...frame, fields: frame.fields.map(typedField) }));
  if (format !== "time_series" && format !== 0) return typed;
  return typed.flatMap((frame) => {
    const series = perSeries(frame);
    return series.length === 0 ? [frame] : series.map(namedByMetric);
  });
}

function typedField(field: Field): Field {
  const type = String(field.config.custom?.type ?? "");
  const { values, name } = field;
  const times = (values as unknown[]).map((value) =>
    typeof value === "string" ? Date.parse(value) : Number.NaN,
  );
  if (/^(timestamp|date)/i.test(type) && times.every(Number.isFinite)) return makeField(name, "time", times);
  // Decimals come as texts.
  if (field.type === "number")
    return makeField(
      name,
      "number",
      (values as unknown[]).map((value) => (value === null ? null : Number(value))),
    );
  const kind = typeOf(values);
  return makeField(name, kind === "number" ? "other" : kind, values);
}

/** The column `metric` is the name of a series. */
function namedByMetric(frame: Frame): Frame {
  const fields = frame.fields.map((field) =>
    field.labels?.metric === undefined
      ? field
      : ({ ...field, config: { ...field.config, displayNameFromDS: field.labels.metric } } as Field),
  );
  return { ...frame, fields };
}
