/** What the transformations share: columns, their names, and one value of many. */
import { list, record, string } from "../../api/decode";
import { displayName } from "../../data/display-name";
import { type Field, type Frame, frameOf } from "../../data/frame";
import { calculate } from "../../data/reducers";

export type Options = Record<string, unknown>;
/** `text` replaces the variables in the options. */
export type Transformation = (frames: Frame[], options: Options, text: (given: string) => string) => Frame[];

export function makeField(
  name: string,
  type: Field["type"],
  values: readonly unknown[],
  rest: Partial<Pick<Field, "labels" | "config">> = {},
): Field {
  return { name, type, values, config: {}, ...rest } as Field;
}

export function withValues(
  field: Field,
  values: readonly unknown[],
  type: Field["type"] = field.type,
): Field {
  return { ...field, values, type } as Field;
}

/** The frame with some of its rows, in their order. */
export function pickRows(frame: Frame, rows: number[]): Frame {
  const fields = frame.fields.map((field) =>
    withValues(
      field,
      rows.map((row) => field.values[row]),
    ),
  );
  return { ...frame, fields, length: rows.length };
}

export function withFields(frame: Frame, fields: Field[]): Frame {
  return { ...frame, fields, length: fields[0]?.values.length ?? 0 };
}

export function tableFrame(fields: Field[], like?: Frame): Frame {
  return frameOf(fields, {
    ...(like?.refId === undefined ? {} : { refId: like.refId }),
    meta: { type: "table" },
  });
}

/** Whether a field has a name, or is shown under it. */
export function isNamed(field: Field, wanted: string, frame: Frame, frames: Frame[]): boolean {
  return field.name === wanted || displayName(field, frame, frames) === wanted;
}

export function fieldNamed(frame: Frame, wanted: string, frames: Frame[]): Field | undefined {
  return (
    frame.fields.find((field) => displayName(field, frame, frames) === wanted) ??
    frame.fields.find((field) => field.name === wanted)
  );
}

/** The type that suits the values. */
export function typeOf(values: readonly unknown[]): Field["type"] {
  const first = values.find((value) => value !== null && value !== undefined);
  if (typeof first === "number") return "number";
  if (typeof first === "boolean") return "boolean";
  return typeof first === "string" || first === undefined ? "string" : "other";
}

/** The titles of calculations, which are the names of the fields that they make. */
const TITLES: Record<string, string> = {
  lastNotNull: "Last *",
  last: "Last",
  first: "First",
  firstNotNull: "First *",
  min: "Min",
  max: "Max",
  mean: "Mean",
  sum: "Total",
  count: "Count",
  countAll: "Count all",
  range: "Range",
  delta: "Delta",
  step: "Step",
  diff: "Difference",
  diffperc: "Difference percent",
  logmin: "Min (above zero)",
  allIsZero: "All Zeros",
  allIsNull: "All Nulls",
  changeCount: "Change Count",
  distinctCount: "Distinct Count",
  median: "Median",
  variance: "Variance",
  stdDev: "StdDev",
  uniqueValues: "All unique values",
  allValues: "All values",
};

export function calculationTitle(id: string): string {
  const rank = /^p(\d{1,2})$/.exec(id)?.[1];
  return rank ? `${Number(rank)}th %` : (TITLES[id] ?? id);
}

const numbersIn = (values: readonly unknown[]) =>
  values.filter((value): value is number => typeof value === "number" && !Number.isNaN(value));
const known = (value: unknown) => value !== null && value !== undefined && !Number.isNaN(value);

/** One calculation over the values of a field of any type; null where there is none. */
export function calculated(values: readonly unknown[], id: string): unknown {
  switch (id) {
    case "first":
      return values[0] ?? null;
    case "last":
      return values.at(-1) ?? null;
    case "firstNotNull":
      return values.find(known) ?? null;
    case "lastNotNull":
      return values.findLast(known) ?? null;
    case "count":
    case "countAll":
      return values.length;
    case "distinctCount":
      return new Set(values).size;
    case "changeCount":
      return values.filter((value, at) => at > 0 && value !== values[at - 1]).length;
    case "uniqueValues":
      return [...new Set(values)];
    case "allValues":
      return [...values];
    case "allIsNull":
      return values.every((value) => !known(value));
    default:
      return calculate(numbersIn(values), id);
  }
}

/** The key of a row of values, in which `1` and `"1"` differ. */
export function keyOf(values: unknown[]): string {
  return JSON.stringify(values, (_key, value) =>
    typeof value === "number" && !Number.isFinite(value) ? `${value}n` : value,
  );
}

/** A matcher of fields, as options have it: the name alone, or an object. */
export function matcherName(value: unknown): string {
  if (typeof value === "string") return value;
  const { matcher, options } = record(value);
  return string(options) || string(record(matcher).options);
}

export function names(value: unknown): string[] {
  return list(value).filter((item): item is string => typeof item === "string");
}
