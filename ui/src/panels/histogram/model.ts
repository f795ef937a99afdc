/** The buckets of a histogram: how many values of each field are in them. */
import { displayName } from "../../data/display-name";
import { type Frame, type NumberField, numberFields } from "../../data/frame";
import { colorsOf } from "../colors";
import { valueTicks } from "../ticks";
import { rangeOf } from "../values";
import type { HistogramOptions } from "./options";

export interface Histogram {
  /** One more than there are buckets. */
  bounds: number[];
  series: { name: string; color: string; counts: number[] }[];
  unit: string | undefined;
  decimals: number | undefined;
}

const BUCKETS_MAX = 1_000;

export function histogramOf(frames: Frame[], options: HistogramOptions): Histogram | null {
  const shown = frames.filter(({ meta }) => meta.type !== "exemplars");
  const counted = shown.map(countedBuckets).find((found) => found !== null);
  if (counted) return counted;
  const fields = shown.flatMap((frame) =>
    numberFields(frame).map((field) => ({ field, name: displayName(field, frame, shown) })),
  );
  const finite = ({ values }: NumberField) =>
    values.filter((value): value is number => value !== null && Number.isFinite(value));
  const all = fields
    .map(({ field, name }) => ({ name, values: finite(field) }))
    .filter(({ values }) => values.length > 0);
  if (all.length === 0) return null;
  const bounds = boundsOf(rangeOf(fields.map(({ field }) => field)), options);
  const groups = options.combine ? [{ name: "Count", values: all.flatMap(({ values }) => values) }] : all;
  const colors = colorsOf(groups.map(({ name }) => name));
  const { unit, decimals } = fields[0]?.field.config ?? {};
  const series = groups.map(({ name, values }) => ({
    name,
    color: colors.get(name) ?? "",
    counts: countsOf(values, bounds),
  }));
  return { bounds, series, unit, decimals };
}

/** A frame whose rows are buckets already, with their bounds. */
function countedBuckets(frame: Frame): Histogram | null {
  const named = (name: string) =>
    frame.fields.find((field): field is NumberField => field.name === name && field.type === "number");
  const [from, to] = [named("xMin"), named("xMax")];
  if (!from || !to || frame.length === 0) return null;
  const counts = numberFields(frame).filter((field) => field !== from && field !== to);
  const names = counts.map((field) => displayName(field, frame));
  const colors = colorsOf(names);
  return {
    bounds: [...from.values, to.values.at(-1) ?? null].map((bound) => bound ?? 0),
    series: counts.map(({ values }, index) => ({
      name: names[index] ?? "",
      color: colors.get(names[index] ?? "") ?? "",
      counts: values.map((value) => value ?? 0),
    })),
    unit: from.config.unit,
    decimals: from.config.decimals,
  };
}

function boundsOf(
  { min, max }: { min: number; max: number },
  { size, count, offset }: HistogramOptions,
): number[] {
  const ticks = valueTicks(min, max, count);
  const round = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  const step = Math.max(size ?? (round > 0 ? round : 1), (max - min) / BUCKETS_MAX);
  const first = Math.floor((min - offset) / step);
  const last = Math.floor((max - offset) / step) + 1;
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step + offset).toPrecision(12)),
  );
}

function countsOf(values: number[], bounds: number[]): number[] {
  const counts = new Array<number>(bounds.length - 1).fill(0);
  const [first = 0, second = 1] = bounds;
  for (const value of values) {
    const index = Math.min(
      counts.length - 1,
      Math.max(0, Math.floor((value - first) / (second - first) + 1e-9)),
    );
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}
