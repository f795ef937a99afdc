/** The options of the bar chart panel. */
import { number, record, string } from "../../api/decode";
import { oneOf } from "../../url/search";
import { type LegendOptions, readLegend } from "../legend-options";

export interface BarChartOptions {
  orientation: "auto" | "horizontal" | "vertical";
  /** The field of the categories; empty for the first text or time. */
  xField: string;
  /** The field whose values colour the bars; empty for the colours of the series. */
  colorField: string;
  showValue: "auto" | "always" | "never";
  stacking: "none" | "normal" | "percent";
  /** Parts of the space, from 0 to 1. */
  groupWidth: number;
  barWidth: number;
  legend: LegendOptions;
  tooltip: "single" | "multi" | "none";
}

export function readBarChartOptions(value: unknown): BarChartOptions {
  const given = record(value);
  const part = (one: unknown, fallback: number) => Math.min(1, Math.max(0.05, number(one, fallback)));
  return {
    orientation: oneOf(given.orientation, ["horizontal", "vertical"]) ?? "auto",
    xField: string(given.xField),
    colorField: string(given.colorByField),
    showValue: oneOf(given.showValue, ["always", "never"]) ?? "auto",
    stacking: oneOf(given.stacking, ["normal", "percent"]) ?? "none",
    groupWidth: part(given.groupWidth, 0.7),
    barWidth: part(given.barWidth, 0.97),
    legend: readLegend(given.legend),
    tooltip: oneOf(record(given.tooltip).mode, ["multi", "none"]) ?? "single",
  };
}
