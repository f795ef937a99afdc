/** The cells of a heatmap: of series that are buckets, or calculated of the values of series. */
import { sample } from "../../api/decode";
import type { Bucket } from "../../api/prometheus";
import { displayName } from "../../data/display-name";
import { type Frame, numberFields, type TimeField, timeField } from "../../data/frame";
import type { Range } from "../../time/range";
import { stepFor } from "../../time/range";
import { valueTicks } from "../ticks";
import type { Buckets, HeatmapOptions } from "./options";

export interface Heatmap {
  /** The starts of the columns, ascending, and their common length. */
  times: number[];
  stepMs: number;
  /** From the lowest. */
  rows: HeatmapRow[];
  /** By row and column; null without a value. */
  cells: (number | null)[][];
  /** Of the cells that are drawn. */
  min: number;
  max: number;
}

interface HeatmapRow {
  /** Numeric bounds, where the row has them. */
  from: number | null;
  to: number | null;
  name: string;
}

const COLUMNS_MAX = 1_000;

export function heatmapOf(frames: Frame[], options: HeatmapOptions, range: Range): Heatmap | null {
  const shown = frames.filter((frame) => frame.meta.type !== "exemplars" && timeField(frame));
  const made = options.calculate
    ? calculated(shown, options, range)
    : (ofHistograms(shown) ?? ofBuckets(shown));
  if (!made || made.rows.length === 0 || made.times.length === 0) return null;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of made.cells)
    for (const value of row) {
      if (value === null || value <= options.hideUpTo) continue;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  return { ...made, min: Number.isFinite(min) ? min : 0, max: Number.isFinite(max) ? max : 0 };
}

type Cells = Omit<Heatmap, "min" | "max">;

/** Native histograms have the buckets of each time in one field. Those of several series are added. */
function ofHistograms(frames: Frame[]): Cells | null {
  const found = frames.flatMap((frame) => {
    const [time, buckets] = [timeField(frame), frame.fields.find(({ name }) => name === "buckets")];
    return time && buckets ? [{ time, buckets: buckets.values as Bucket[][] }] : [];
  });
  if (found.length === 0) return null;
  const rows = new Map<string, HeatmapRow & { from: number; to: number }>();
  for (const { buckets } of found)
    for (const { from, to } of buckets.flat()) rows.set(`${from} ${to}`, { from, to, name: "" });
  const ordered = [...rows].sort(([, left], [, right]) => left.from - right.from || left.to - right.to);
  const places = new Map(ordered.map(([key], index) => [key, index]));
  const { times, stepMs, columns } = columnsOf(found.map(({ time }) => time));
  const cells = ordered.map(() => new Array<number | null>(times.length).fill(null));
  for (const { time, buckets } of found)
    buckets.forEach((all, sample) => {
      const column = columns.get(time.values[sample] ?? 0) ?? 0;
      for (const { from, to, count } of all) {
        const row = cells[places.get(`${from} ${to}`) ?? 0];
        if (row) row[column] = (row[column] ?? 0) + count;
      }
    });
  return latest({ times, stepMs, rows: ordered.map(([, row]) => row), cells });
}

/** The times of all series, and how far they are apart. A range query has at each step what the interval before it counts. */
function columnsOf(fields: TimeField[]) {
  const ends = [...new Set(fields.flatMap(({ values }) => [...values]))].sort((left, right) => left - right);
  const steps = ends.slice(1).map((time, index) => time - (ends[index] ?? time));
  const stepMs = fields[0]?.config.interval ?? (steps.length > 0 ? Math.min(...steps) : 60_000);
  return {
    times: ends.map((time) => time - stepMs),
    stepMs,
    columns: new Map(ends.map((time, index) => [time, index])),
  };
}

function latest({ times, stepMs, rows, cells }: Cells): Cells {
  return {
    times: times.slice(-COLUMNS_MAX),
    stepMs,
    rows,
    cells: cells.map((row) => row.slice(-COLUMNS_MAX)),
  };
}

/** Each number field is a row; rows whose names are bounds are in their order. */
function ofBuckets(frames: Frame[]): Cells | null {
  const series = frames.flatMap((frame) => {
    const time = timeField(frame);
    if (!time) return [];
    return numberFields(frame).map((field) => {
      const name = field.labels?.le ?? displayName(field, frame, frames);
      return { time, field, bound: boundOf(name), name };
    });
  });
  if (series.length === 0) return null;
  const bounded = series.every(({ bound }) => bound !== null);
  if (bounded) series.sort((left, right) => (left.bound ?? 0) - (right.bound ?? 0));
  const { times, stepMs, columns } = columnsOf(series.map(({ time }) => time));
  const cells = series.map(({ time, field }) => {
    const row = new Array<number | null>(times.length).fill(null);
    time.values.forEach((at, index) => {
      row[columns.get(at) ?? 0] = field.values[index] ?? null;
    });
    return row;
  });
  const rows = series.map(({ bound, name }, index) => ({
    from: bounded ? (series[index - 1]?.bound ?? null) : null,
    to: bounded ? bound : null,
    name,
  }));
  return latest({ times, stepMs, rows, cells });
}

/** The upper bound of a bucket that a name says, or null. */
function boundOf(name: string): number | null {
  const bound = name.trim() === "" ? Number.NaN : sample(name);
  return Number.isNaN(bound) ? null : bound;
}

const COLUMNS = 40;
const ROWS = 16;

function calculated(frames: Frame[], { x, y }: HeatmapOptions, range: Range): Cells | null {
  const points = frames.flatMap((frame) =>
    numberFields(frame).flatMap(({ values }) =>
      values.flatMap((value, row) => {
        const time = timeField(frame)?.values[row];
        return time === undefined || value === null || !Number.isFinite(value) ? [] : [{ time, value }];
      }),
    ),
  );
  const usable = y.log ? points.filter(({ value }) => value > 0) : points;
  if (usable.length === 0) return null;
  const stepMs = Math.max(columnStep(x, range), (range.toMs - range.fromMs) / COLUMNS_MAX);
  const first = Math.floor(range.fromMs / stepMs) * stepMs;
  const count = Math.max(1, Math.ceil((range.toMs - first) / stepMs));
  const bounds = rowBounds(
    usable.map(({ value }) => value),
    y,
    y.log,
  );
  const cells = bounds.slice(1).map(() => new Array<number | null>(count).fill(null));
  for (const { time, value } of usable) {
    const column = Math.floor((time - first) / stepMs);
    const above = bounds.findIndex((bound) => value < bound);
    const row = cells[Math.min(cells.length - 1, Math.max(0, (above < 0 ? bounds.length : above) - 1))];
    if (!row || column < 0 || column >= count) continue;
    row[column] = (row[column] ?? 0) + 1;
  }
  const rows = cells.map((_, index) => ({
    from: bounds[index] ?? null,
    to: bounds[index + 1] ?? null,
    name: "",
  }));
  return { times: Array.from({ length: count }, (_, index) => first + index * stepMs), stepMs, rows, cells };
}

function columnStep({ count, size }: Buckets, range: Range): number {
  return size ?? (count ? (range.toMs - range.fromMs) / count : stepFor(range, COLUMNS));
}

function rowBounds(values: number[], { count, size }: Buckets, log: number | null): number[] {
  const min = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const max = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (log) {
    // The size of a logarithmic bucket splits a power of the base.
    const power = (value: number) => Math.log(value) / Math.log(log);
    const part = 1 / Math.max(1, Math.min(10, Math.round(count ?? size ?? 1)));
    const from = Math.floor(power(min) / part);
    const to = Math.max(from + 1, Math.floor(power(max) / part) + 1);
    return Array.from({ length: to - from + 1 }, (_, index) => log ** ((from + index) * part));
  }
  const ticks = valueTicks(min, max, count ?? ROWS);
  const step = size ?? Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) ?? 1;
  const wide = Math.max(step || 1, (max - min) / 200);
  const from = Math.floor(min / wide);
  const to = Math.max(from + 1, Math.floor(max / wide) + 1);
  return Array.from({ length: to - from + 1 }, (_, index) => Number(((from + index) * wide).toPrecision(12)));
}
