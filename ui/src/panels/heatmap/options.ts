/** The options of the heatmap panel. */
import { number, record, string } from "../../api/decode";
import { oneOf } from "../../url/search";

export interface Buckets {
  /** The number of buckets, or the size of each; null is a suitable one. */
  count: number | null;
  size: number | null;
}

export interface HeatmapOptions {
  /** Makes the buckets of the values of the series; without it each series is a row of buckets. */
  calculate: boolean;
  x: Buckets;
  y: Buckets & { log: 2 | 10 | null };
  color: {
    /** One colour with an opacity, or a scheme. */
    mode: "opacity" | "scheme";
    fill: string;
    scheme: string;
    reverse: boolean;
    /** Below 1 it shows more of the small values. */
    exponent: number;
    steps: number;
    min: number | null;
    max: number | null;
  };
  /** Cells with values up to this one are not drawn. */
  hideUpTo: number;
  gap: number;
  yAxis: {
    unit: string | undefined;
    decimals: number | undefined;
    reverse: boolean;
    label: string;
    hidden: boolean;
  };
  values: { unit: string | undefined; decimals: number | undefined };
  legend: boolean;
  tooltip: boolean;
}

const finite = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown) => string(value) || undefined;

export function readHeatmapOptions(value: unknown): HeatmapOptions {
  const given = record(value);
  const { xBuckets, yBuckets } = record(given.calculation);
  const color = record(given.color);
  const yAxis = record(given.yAxis);
  const cells = record(given.cellValues);
  const tooltip = record(given.tooltip);
  return {
    calculate: given.calculate === true,
    x: readBuckets(xBuckets),
    y: { ...readBuckets(yBuckets), log: readLog(record(yBuckets).scale) },
    color: {
      mode: color.mode === "opacity" ? "opacity" : "scheme",
      fill: string(color.fill, "dark-orange"),
      scheme: string(color.scheme, "Oranges"),
      reverse: color.reverse === true,
      exponent: color.scale === "linear" ? 1 : (finite(color.exponent) ?? 0.5),
      steps: Math.min(128, Math.max(2, finite(color.steps) ?? 64)),
      min: finite(color.min),
      max: finite(color.max),
    },
    hideUpTo: finite(record(given.filterValues).le) ?? 1e-9,
    gap: Math.min(20, Math.max(0, number(given.cellGap, 1))),
    yAxis: {
      unit: text(yAxis.unit),
      decimals: finite(yAxis.decimals) ?? undefined,
      reverse: yAxis.reverse === true,
      label: string(yAxis.axisLabel),
      hidden: yAxis.axisPlacement === "hidden",
    },
    values: { unit: text(cells.unit), decimals: finite(cells.decimals) ?? undefined },
    legend: record(given.legend).show !== false,
    tooltip: tooltip.show !== false && oneOf(tooltip.mode, ["none"]) === undefined,
  };
}

/** A size is written as a number, or as a duration like `30s`, whose unit is in milliseconds. */
function readBuckets(value: unknown): Buckets {
  const { mode, value: given } = record(value);
  const found = /^\s*([\d.]+)\s*(ms|s|m|h|d)?\s*$/.exec(string(given));
  const amount = Number(found?.[1] ?? Number.NaN);
  if (!(amount > 0)) return { count: null, size: null };
  if (mode === "count") return { count: Math.min(500, Math.max(1, Math.round(amount))), size: null };
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return { count: null, size: amount * (units[found?.[2] ?? ""] ?? 1) };
}

function readLog(value: unknown): 2 | 10 | null {
  const { type, log } = record(value);
  if (type !== "log" && type !== "symlog") return null;
  return log === 2 || log === "2" ? 2 : 10;
}
