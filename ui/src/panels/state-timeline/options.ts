/** The options of the state timeline and the status history. */
import { record } from "../../api/decode";
import { oneOf } from "../../url/search";
import { type LegendOptions, readLegend } from "../legend-options";

export interface StateOptions {
  /** Equal values that follow one another are one state. */
  merge: boolean;
  /** Each value has a box of its own, as wide as the time between two values. */
  boxes: boolean;
  showValue: "auto" | "always" | "never";
  align: "left" | "center" | "right";
  /** Parts of the space, from 0 to 1. */
  rowHeight: number;
  columnWidth: number;
  legend: LegendOptions;
  tooltip: boolean;
}

const part = (value: unknown) => (typeof value === "number" ? Math.min(1, Math.max(0.1, value)) : 0.9);

export function readStateTimelineOptions(value: unknown): StateOptions {
  const { mergeValues, showValue, alignValue, rowHeight, colWidth, legend, tooltip } = record(value);
  return {
    merge: mergeValues !== false,
    boxes: false,
    showValue: oneOf(showValue, ["always", "never"]) ?? "auto",
    align: oneOf(alignValue, ["center", "right"]) ?? "left",
    rowHeight: part(rowHeight),
    columnWidth: part(colWidth),
    legend: readLegend(legend),
    tooltip: record(tooltip).mode !== "none",
  };
}

export function readStatusHistoryOptions(value: unknown): StateOptions {
  return { ...readStateTimelineOptions(value), merge: false, boxes: true, align: "center" };
}
