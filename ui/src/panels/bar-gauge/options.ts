/** The options of the bar gauge panel. */
import { record } from "../../api/decode";
import { oneOf } from "../../url/search";
import { readTextSizes, type TextSizes } from "../stat/options";
import { type ReduceOptions, readReduceOptions } from "../values";

export interface BarGaugeOptions {
  reduce: ReduceOptions;
  /** Bars that lie, or stand. */
  orientation: "auto" | "horizontal" | "vertical";
  display: "basic" | "gradient" | "lcd";
  /** The rest of the bar, up to the maximum. */
  unfilled: boolean;
  name: "auto" | "top" | "left" | "hidden";
  value: "color" | "text" | "hidden";
  sizes: TextSizes;
  /** Of a bar in pixels. */
  thicknessMin: number;
  thicknessMax: number;
}

const THICKNESS_MAX = 300;

export function readBarGaugeOptions(value: unknown): BarGaugeOptions {
  const given = record(value);
  const pixels = (size: unknown, fallback: number) =>
    given.sizing !== "auto" && typeof size === "number" && size > 0 ? size : fallback;
  return {
    reduce: readReduceOptions(given.reduceOptions),
    orientation: oneOf(given.orientation, ["horizontal", "vertical"]) ?? "auto",
    display: oneOf(given.displayMode, ["basic", "lcd"]) ?? "gradient",
    unfilled: given.showUnfilled !== false,
    name: oneOf(given.namePlacement, ["top", "left", "hidden"]) ?? "auto",
    value: oneOf(given.valueMode, ["text", "hidden"]) ?? "color",
    sizes: readTextSizes(given.text),
    thicknessMin: pixels(given.minVizHeight, 16),
    thicknessMax: pixels(given.maxVizHeight, THICKNESS_MAX),
  };
}
