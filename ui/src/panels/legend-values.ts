/** The calculations in a legend. */
import type { FieldConfig } from "../data/field-config";
import type { Reduced } from "../data/reduce";
import { calculate, calculationTitle } from "../data/reducers";
import { formatValue } from "../format/units";
import type { LegendColumn, LegendItem } from "./legend";

/** A sort is in URLs, where the last value that is not null is `last`. */
export function legendColumns(calcs: string[]): LegendColumn[] {
  return calcs.map((calc) => ({
    key: calc === "lastNotNull" ? "last" : calc,
    label: calculationTitle(calc),
  }));
}

/** How values of a field are written. */
export function formatOf({ unit = "short", decimals }: FieldConfig): (value: number) => string {
  return (value) => formatValue(value, unit, decimals);
}

/** A number of values has no unit. */
const COUNTS = new Set(["count", "changeCount", "distinctCount", "allIsNull", "allIsZero"]);

export function legendCells(
  values: readonly (number | null)[],
  calcs: string[],
  format: (value: number) => string,
  reduced?: Reduced,
): LegendItem["cells"] {
  return calcs.map((calc) => {
    const value = calculate(values, calc, reduced);
    if (value === null) return { value, text: "–" };
    if (calc === "diffperc") return { value, text: formatValue(value, "percentunit", 1) };
    return { value, text: COUNTS.has(calc) ? value.toLocaleString("en") : format(value) };
  });
}
