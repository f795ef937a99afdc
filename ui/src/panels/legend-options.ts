/** The options of a legend, which all charts share. */
import { record, strings } from "../api/decode";

export interface LegendOptions {
  show: boolean;
  mode: "list" | "table";
  placement: "bottom" | "right";
  /** The names of calculations. */
  calcs: string[];
}

export function readLegend(value: unknown): LegendOptions {
  const { showLegend, displayMode, placement, calcs } = record(value);
  return {
    show: showLegend !== false && displayMode !== "hidden",
    mode: displayMode === "table" ? "table" : "list",
    placement: placement === "right" ? "right" : "bottom",
    calcs: strings(calcs),
  };
}
