/** The options of the XY chart and of the trend. */
import { list, record, string } from "../../api/decode";
import { type LegendOptions, readLegend } from "../legend-options";

export interface XyOptions {
  /** Connects the points in the order of x. */
  lines: boolean;
  points: boolean;
  /** The field of x; empty for the first number. */
  xField: string;
  /** The pairs of fields; empty for every other number over x. */
  series: { x: string; y: string; frame: number | null }[];
  legend: LegendOptions;
  tooltip: boolean;
}

export function readTrendOptions(value: unknown): XyOptions {
  const { xField, legend, tooltip } = record(value);
  return {
    lines: true,
    points: false,
    xField: string(xField),
    series: [],
    legend: readLegend(legend),
    tooltip: record(tooltip).mode !== "none",
  };
}

export function readXyChartOptions(value: unknown): XyOptions {
  const { series, dims, legend, tooltip } = record(value);
  return {
    lines: false,
    points: true,
    xField: string(record(dims).x),
    series: list(series).flatMap((item) => {
      const { x, y, frame } = record(item);
      const found = { x: nameOf(x), y: nameOf(y), frame: frameOf(frame) };
      return found.y ? [found] : [];
    }),
    legend: readLegend(legend),
    tooltip: record(tooltip).mode !== "none",
  };
}

/** A name, or a matcher by name. */
function nameOf(value: unknown): string {
  return string(value) || string(record(record(value).matcher).options);
}

function frameOf(value: unknown): number | null {
  const index = typeof value === "number" ? value : record(record(value).matcher).options;
  return typeof index === "number" ? index : null;
}
