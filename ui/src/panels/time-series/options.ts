/** The options of the time series panel. */
import { record, string } from "../../api/decode";
import { oneOf } from "../../url/search";
import { type LegendOptions, readLegend } from "../legend-options";
import type { TooltipOptions } from "./tooltip";

export interface TimeSeriesOptions {
  legend: LegendOptions & {
    /** The sorted calculation, with a leading `-` when descending. */
    sort: string | undefined;
  };
  tooltip: TooltipOptions;
}

export function readTimeSeriesOptions(value: unknown): TimeSeriesOptions {
  const { legend, tooltip } = record(value);
  const { sort, sortBy, sortDesc } = record(legend);
  const { mode, sort: order } = record(tooltip);
  const column = COLUMNS[string(sortBy)];
  return {
    legend: {
      ...readLegend(legend),
      sort: string(sort) || (column && `${sortDesc === true ? "-" : ""}${column}`),
    },
    tooltip: {
      mode: oneOf(mode, ["multi", "single", "none"]) ?? "multi",
      sort: oneOf(order, ["desc", "asc", "none"]) ?? "desc",
    },
  };
}

/** The columns by the titles under which Grafana stores the sort. */
const COLUMNS: Record<string, string> = {
  Name: "name",
  Last: "last",
  "Last *": "last",
  Min: "min",
  Max: "max",
  Mean: "mean",
  Total: "sum",
};
