/** The options of the histogram panel. */
import { record } from "../../api/decode";
import { type LegendOptions, readLegend } from "../legend-options";

export interface HistogramOptions {
  /** Null is a size by which there are `count` buckets. */
  size: number | null;
  count: number;
  offset: number;
  /** Counts the values of all fields together. */
  combine: boolean;
  stacked: boolean;
  legend: LegendOptions;
}

export function readHistogramOptions(value: unknown): HistogramOptions {
  const { bucketSize, bucketCount, bucketOffset, combine, legend, stacking } = record(value);
  const positive = (one: unknown) =>
    typeof one === "number" && one > 0 && Number.isFinite(one) ? one : null;
  return {
    size: positive(bucketSize),
    count: Math.min(500, positive(bucketCount) ?? 30),
    offset: typeof bucketOffset === "number" && Number.isFinite(bucketOffset) ? bucketOffset : 0,
    combine: combine === true,
    stacked: record(stacking).mode === "normal",
    legend: readLegend(legend),
  };
}
