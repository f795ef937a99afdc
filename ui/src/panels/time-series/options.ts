/** The options of the time series panel. */
import { record, string } from "../../api/decode";
import { oneOf } from "../../url/search";
import type { TooltipOptions } from "./tooltip";

export interface TimeSeriesOptions {
  legend: {
    show: boolean;
    /** The sorted column, with a leading `-` when descending. */
    sort: string | undefined;
  };
  tooltip: TooltipOptions;
}

export function readTimeSeriesOptions(value: unknown): TimeSeriesOptions {
  const { legend, tooltip } = record(value);
  const { showLegend, displayMode, sort } = record(legend);
  const { mode, sort: order } = record(tooltip);
  return {
    legend: {
      show: showLegend !== false && displayMode !== "hidden",
      sort: string(sort) || undefined,
    },
    tooltip: {
      mode: oneOf(mode, ["multi", "single", "none"]) ?? "multi",
      sort: oneOf(order, ["desc", "asc", "none"]) ?? "desc",
    },
  };
}
