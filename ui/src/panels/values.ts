/** The single values of panels that show one value, or a few: each a calculation of a series, or a row. */
import { list, record, string, strings } from "../api/decode";
import { type DisplayValue, displayText, displayValue } from "../data/display";
import { displayName } from "../data/display-name";
import { type FieldConfig, pattern } from "../data/field-config";
import { type Field, type Frame, timeField } from "../data/frame";
import { reduce } from "../data/reduce";
import { calculate } from "../data/reducers";
import type { Zone } from "../time/format";
import { colorOfValue } from "./color-mode";
import { colorsOf } from "./colors";

export interface ReduceOptions {
  calcs: string[];
  /** Shows every row, and not calculations. */
  values: boolean;
  /** The most rows. */
  limit: number;
  /** Empty for numeric fields, or a name or an expression that matches names. */
  fields: string;
}

export interface PanelValue {
  name: string;
  display: DisplayValue;
  /** With a range in any case. */
  config: FieldConfig & { min: number; max: number };
  color: string;
  /** All values of the series over time, or null. */
  series: readonly (number | null)[] | null;
  /** From the first to the last value, as a part of the first. */
  change: number | null;
  /** Where it is from, for its links. */
  source: { field: Field; frame: Frame; row: number };
}

const ROWS_MAX = 25;

export function readReduceOptions(value: unknown): ReduceOptions {
  const { calcs, values, limit, fields } = record(value);
  const given = strings(list(calcs));
  return {
    calcs: given.length > 0 ? given : ["lastNotNull"],
    values: values === true,
    limit: typeof limit === "number" && limit > 0 ? limit : ROWS_MAX,
    fields: string(fields),
  };
}

/** What Grafana's panels of single values have without a configuration. */
const THRESHOLDS: FieldConfig = {
  thresholds: {
    mode: "absolute",
    steps: [
      { value: Number.NEGATIVE_INFINITY, color: "green" },
      { value: 80, color: "red" },
    ],
  },
};

/** `mode` is the colour mode of fields that configure none. */
export function valuesOf(
  frames: Frame[],
  options: ReduceOptions,
  zone: Zone,
  mode: "thresholds" | "palette-classic" = "thresholds",
): PanelValue[] {
  const shown = frames.filter(({ meta }) => meta.type !== "exemplars");
  const found = shown.flatMap((frame) => selected(frame, shown, options).map((field) => ({ frame, field })));
  const range = rangeOf(found.map(({ field }) => field));
  const values = found.flatMap(({ frame, field }) => {
    const own = field.config.fieldMinMax ? rangeOf([field]) : range;
    const config = { color: { mode }, ...THRESHOLDS, ...field.config, ...timeUnit(field) };
    const ranged = { ...config, min: config.min ?? own.min, max: config.max ?? own.max };
    const name = displayName(field, frame, shown);
    return options.values
      ? rowValues(frame, field, name, ranged, options.limit, zone)
      : calculated(frame, field, name, ranged, options.calcs, zone);
  });
  const kept = options.values ? values.slice(0, options.limit) : values;
  const colors = colorsOf(kept.map(({ name }) => name));
  return kept.map((value) => ({
    ...value,
    color: colorOfValue(value.display, value.config, colors.get(value.name) ?? "var(--gh-text)"),
  }));
}

/** The unit of a panel is that of its numbers; a time has only those of dates. */
function timeUnit({ type, config: { unit = "" } }: Field): { unit?: string } {
  return type === "time" && !/^(time:|dateTime)/.test(unit) ? { unit: "dateTimeAsSystem" } : {};
}

function selected(frame: Frame, frames: Frame[], { fields }: ReduceOptions): Field[] {
  if (fields === "") return frame.fields.filter(({ type }) => type === "number");
  const expression = pattern(fields);
  return frame.fields.filter((field) => {
    const name = displayName(field, frame, frames);
    return fields === name || fields === field.name || (expression?.test(name) ?? false);
  });
}

type Uncolored = Omit<PanelValue, "color">;

function calculated(
  frame: Frame,
  field: Field,
  name: string,
  config: PanelValue["config"],
  calcs: string[],
  zone: Zone,
): Uncolored[] {
  const row = Math.max(0, frame.length - 1);
  const source = { field, frame, row };
  if (field.type !== "number") {
    const last = field.values.findLast((value) => value !== null && value !== undefined);
    return [{ name, config, source, series: null, change: null, display: displayValue(last, config, zone) }];
  }
  const reduced = reduce(field.values);
  const { firstNotNull: first, lastNotNull: last } = reduced;
  const change = first && last !== null ? (last - first) / Math.abs(first) : null;
  const series = timeField(frame) && field.values.length > 1 ? field.values : null;
  return calcs.map((calc) => ({
    name: calcs.length > 1 ? `${name} (${calc})` : name,
    config,
    source,
    series,
    change: series ? change : null,
    display: displayValue(calculate(field.values, calc, reduced), config, zone),
  }));
}

function rowValues(
  frame: Frame,
  field: Field,
  name: string,
  config: PanelValue["config"],
  limit: number,
  zone: Zone,
): Uncolored[] {
  const texts = frame.fields.find((other) => other.type === "string" && other !== field);
  const others = frame.fields.filter(({ type }) => type === "number").length > 1;
  return field.values.slice(0, limit).map((value, row) => {
    const text = texts && displayText(texts.values[row], texts.config, zone);
    return {
      name: text === undefined ? name : others ? `${text} ${name}` : text,
      config,
      source: { field, frame, row },
      series: null,
      change: null,
      display: displayValue(value, config, zone),
    };
  });
}

/** From the least to the largest number of the fields. */
export function rangeOf(fields: Field[]): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const field of fields) {
    if (field.type !== "number") continue;
    const reduced = reduce(field.values);
    min = Math.min(min, reduced.min ?? min);
    max = Math.max(max, reduced.max ?? max);
  }
  if (!Number.isFinite(min) || !Number.isFinite(max)) return { min: 0, max: 100 };
  return min === max ? { min: Math.min(0, min), max: Math.max(min, 0) || 100 } : { min, max };
}

/** The value with its unit. */
export function valueText({ display: { prefix, text, suffix } }: Pick<PanelValue, "display">): string {
  return prefix + text + suffix;
}
