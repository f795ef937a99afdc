/** The bars of a bar chart: categories, and a series per numeric field. */
import { displayText, displayValue } from "../../data/display";
import { displayName } from "../../data/display-name";
import { type Field, type Frame, type NumberField, numberFields, timeField } from "../../data/frame";
import { reduce } from "../../data/reduce";
import { formatInstant, type Zone } from "../../time/format";
import { colorOfValue } from "../color-mode";
import { colorsOf } from "../colors";
import type { BarChartOptions } from "./options";

export interface BarSeries {
  name: string;
  color: string;
  /** By category. */
  values: (number | null)[];
  colors: string[];
  config: NumberField["config"];
}

export interface Bars {
  categories: string[];
  series: BarSeries[];
  /** Of the values, and of their sums in a stack. */
  min: number;
  max: number;
}

const CATEGORIES_MAX = 500;

export function barsOf(frames: Frame[], options: BarChartOptions, zone: Zone): Bars | null {
  const shown = frames.filter(({ meta, fields }) => meta.type !== "exemplars" && fields.length > 0);
  const table = shown.length > 1 ? lastValues(shown) : shown[0];
  if (!table || table.length === 0) return null;
  const isX = (field: Field) => field.name === options.xField || displayName(field, table) === options.xField;
  const x =
    (options.xField !== "" && table.fields.find(isX)) ||
    table.fields.find(({ type }) => type === "string") ||
    timeField(table);
  const fields = numberFields(table).filter(
    (field) => field !== x && (field.config.custom?.hideFrom as { viz?: unknown })?.viz !== true,
  );
  if (!x || fields.length === 0) return null;
  const rows = Array.from({ length: Math.min(table.length, CATEGORIES_MAX) }, (_, row) => row);
  const categories = rows.map((row) => categoryOf(x, row, zone));
  const names = fields.map((field) => displayName(field, table));
  const colors = colorsOf(names);
  const byField = table.fields.find(({ name }) => options.colorField !== "" && name === options.colorField);
  const series = fields.map((field, index): BarSeries => {
    const own = colors.get(names[index] ?? "") ?? "";
    const config = { color: { mode: "palette-classic" }, ...field.config };
    const ranged = { min: 0, max: reduce(field.values).max ?? 100, ...config };
    const colorAt = (row: number) => {
      const source = byField ?? field;
      return colorOfValue(
        displayValue(source.values[row], byField?.config ?? ranged),
        byField?.config ?? ranged,
        own,
      );
    };
    const values = rows.map((row) => field.values[row] ?? null);
    return { name: names[index] ?? "", color: colorAt(0), values, colors: rows.map(colorAt), config };
  });
  return { categories, series, ...extentOf(series, options) };
}

function categoryOf(x: Field, row: number, zone: Zone): string {
  const value = x.values[row];
  if (x.type === "time" && typeof value === "number" && !x.config.unit)
    return formatInstant(value, zone).slice(5, 16);
  return displayText(value, x.config, zone);
}

/** Of several answers each is a category, with the last value of its series. */
function lastValues(frames: Frame[]): Frame {
  const found = frames.flatMap((frame) =>
    numberFields(frame).map((field) => ({ name: displayName(field, frame, frames), field })),
  );
  const config = { ...found[0]?.field.config };
  delete config.displayName;
  delete config.displayNameFromDS;
  return {
    meta: { type: "table" },
    length: found.length,
    fields: [
      { name: "Name", type: "string", values: found.map(({ name }) => name), config: {} },
      {
        name: "Value",
        type: "number",
        values: found.map(({ field }) => reduce(field.values).lastNotNull),
        config,
      },
    ],
  };
}

function extentOf(series: BarSeries[], { stacking }: BarChartOptions): { min: number; max: number } {
  if (stacking === "percent") return { min: 0, max: 1 };
  const sums = (series[0]?.values ?? []).map((_, row) => {
    const values = series.map(({ values: all }) => all[row] ?? 0);
    if (stacking === "none") return { low: Math.min(...values), high: Math.max(...values) };
    return {
      low: values.reduce((sum, value) => sum + Math.min(0, value), 0),
      high: values.reduce((sum, value) => sum + Math.max(0, value), 0),
    };
  });
  const fixed = (pick: (config: BarSeries["config"]) => number | undefined) =>
    series.map(({ config }) => pick(config)).find((value) => value !== undefined);
  const soft = (key: string, fallback: number) => {
    const value = series[0]?.config.custom?.[key];
    return typeof value === "number" ? value : fallback;
  };
  const low = Math.min(soft("axisSoftMin", 0), 0, ...sums.map((sum) => sum.low));
  const high = Math.max(soft("axisSoftMax", 0), ...sums.map((sum) => sum.high));
  const min = fixed((config) => config.min) ?? low;
  const max = fixed((config) => config.max) ?? high;
  return { min, max: max > min ? max : min + 1 };
}

export interface BarBox {
  series: number;
  row: number;
  /** Along the axis of the categories, as parts of the space of one. */
  from: number;
  size: number;
  /** Values at its ends. */
  low: number;
  high: number;
}

/** The bars of all categories, side by side or on one another. */
export function boxesOf({ series, categories }: Bars, options: BarChartOptions): BarBox[] {
  const margin = (1 - options.groupWidth) / 2;
  return categories.flatMap((_, row) => {
    const total = series.reduce((sum, { values }) => sum + Math.abs(values[row] ?? 0), 0) || 1;
    let [above, below] = [0, 0];
    return series.flatMap(({ values }, index): BarBox[] => {
      const value = values[row] ?? null;
      if (value === null) return [];
      if (options.stacking === "none") {
        const share = options.groupWidth / series.length;
        const gap = (share * (1 - options.barWidth)) / 2;
        const from = margin + share * index + gap;
        return [
          {
            series: index,
            row,
            from,
            size: share * options.barWidth,
            low: Math.min(0, value),
            high: Math.max(0, value),
          },
        ];
      }
      const part = options.stacking === "percent" ? value / total : value;
      const low = part < 0 ? below + part : above;
      const high = part < 0 ? below : above + part;
      if (part < 0) below = low;
      else above = high;
      return [{ series: index, row, from: margin, size: options.groupWidth, low, high }];
    });
  });
}
