/** Data frames: tables of typed columns. Every data source answers in them, and every panel reads them. */
import type { FieldConfig } from "./field-config";

export type Labels = Record<string, string>;

interface FieldOf<Type extends string, Value> {
  name: string;
  type: Type;
  /** As many as the frame has rows. */
  values: readonly Value[];
  labels?: Labels;
  config: FieldConfig;
}

/** A column. Times are epoch milliseconds. */
export type Field =
  | FieldOf<"time", number>
  | FieldOf<"number", number | null>
  | FieldOf<"string", string | null>
  | FieldOf<"boolean", boolean | null>
  | FieldOf<"other", unknown>;

export type TimeField = Extract<Field, { type: "time" }>;
export type NumberField = Extract<Field, { type: "number" }>;

export interface Notice {
  severity: "info" | "warning";
  text: string;
}

export interface FrameMeta {
  /** What the rows are, where it is known. */
  type?: "timeseries" | "numeric" | "table" | "heatmap-rows" | "exemplars" | "log-lines" | "traces";
  /** The query as it was sent. */
  executedQuery?: string;
  notices?: Notice[];
}

export interface Frame {
  /** The query that the frame answers: `A`, `B`, … */
  refId?: string;
  name?: string;
  fields: Field[];
  /** The number of rows. */
  length: number;
  meta: FrameMeta;
}

export function frameOf(fields: Field[], rest: Partial<Omit<Frame, "fields" | "length">> = {}): Frame {
  return { meta: {}, ...rest, fields, length: fields[0]?.values.length ?? 0 };
}

export function timeField(frame: Frame): TimeField | undefined {
  return frame.fields.find((field): field is TimeField => field.type === "time");
}

export function numberFields(frame: Frame): NumberField[] {
  return frame.fields.filter((field): field is NumberField => field.type === "number");
}

/** The values of a column, by its name; empty when the frame has no such column. */
export function column(frame: Frame, name: string): readonly unknown[] {
  return frame.fields.find((field) => field.name === name)?.values ?? [];
}

/** The notices of all frames, each once. */
export function noticesOf(frames: Frame[]): Notice[] {
  const found = new Map<string, Notice>();
  for (const notice of frames.flatMap(({ meta }) => meta.notices ?? [])) found.set(notice.text, notice);
  return [...found.values()];
}
