/** The options of the stat panel. */
import { record } from "../../api/decode";
import { oneOf } from "../../url/search";
import { type ReduceOptions, readReduceOptions } from "../values";

export interface StatOptions {
  reduce: ReduceOptions;
  /** What has the colour of the value. */
  color: "value" | "background" | "background_solid" | "none";
  /** The series behind the value. */
  graph: boolean;
  text: "auto" | "value" | "value_and_name" | "name" | "none";
  orientation: Orientation;
  justify: "auto" | "center";
  /** The name beside the value, where a tile is wide enough. */
  wide: boolean;
  change: boolean;
  changeColor: "standard" | "inverted" | "same_as_value";
  sizes: TextSizes;
}

/** `vertical` has the values beside one another, as Grafana calls it. */
export type Orientation = "auto" | "horizontal" | "vertical";

/** In pixels; null is a size that fits. */
export interface TextSizes {
  title: number | null;
  value: number | null;
}

export function readStatOptions(value: unknown): StatOptions {
  const given = record(value);
  return {
    reduce: readReduceOptions(given.reduceOptions),
    color: oneOf(given.colorMode, ["background", "background_solid", "none"]) ?? "value",
    graph: given.graphMode !== "none",
    text: oneOf(given.textMode, ["value", "value_and_name", "name", "none"]) ?? "auto",
    orientation: readOrientation(given.orientation),
    justify: given.justifyMode === "center" ? "center" : "auto",
    wide: given.wideLayout !== false,
    change: given.showPercentChange === true,
    changeColor: oneOf(given.percentChangeColorMode, ["inverted", "same_as_value"]) ?? "standard",
    sizes: readTextSizes(given.text),
  };
}

export function readOrientation(value: unknown): Orientation {
  return oneOf(value, ["horizontal", "vertical"]) ?? "auto";
}

export function readTextSizes(value: unknown): TextSizes {
  const { titleSize, valueSize } = record(value);
  const size = (given: unknown) => (typeof given === "number" && given > 0 ? given : null);
  return { title: size(titleSize), value: size(valueSize) };
}
