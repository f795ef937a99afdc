/** The options of the pie chart panel. */
import { record, strings } from "../../api/decode";
import { oneOf } from "../../url/search";
import { type LegendOptions, readLegend } from "../legend-options";
import { type ReduceOptions, readReduceOptions } from "../values";

export interface PieChartOptions {
  reduce: ReduceOptions;
  donut: boolean;
  /** What is written on the slices. */
  labels: ("name" | "value" | "percent")[];
  legend: LegendOptions & { values: ("value" | "percent")[] };
  tooltip: "single" | "multi" | "none";
  sort: "desc" | "asc" | "none";
}

const LABELS = ["name", "value", "percent"] as const;
const VALUES = ["value", "percent"] as const;

export function readPieChartOptions(value: unknown): PieChartOptions {
  const given = record(value);
  const legend = record(given.legend);
  return {
    reduce: readReduceOptions(given.reduceOptions),
    donut: given.pieType === "donut",
    labels: strings(given.displayLabels).flatMap((label) => oneOf(label, LABELS) ?? []),
    legend: {
      ...readLegend(legend),
      values: strings(legend.values).flatMap((label) => oneOf(label, VALUES) ?? []),
    },
    tooltip: oneOf(record(given.tooltip).mode, ["multi", "none"]) ?? "single",
    sort: oneOf(given.sort, ["asc", "none"]) ?? "desc",
  };
}
