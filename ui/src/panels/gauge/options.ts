/** The options of the gauge panel. */
import { record } from "../../api/decode";
import { type Orientation, readOrientation, readTextSizes, type TextSizes } from "../stat/options";
import { type ReduceOptions, readReduceOptions } from "../values";

export interface GaugeOptions {
  reduce: ReduceOptions;
  orientation: Orientation;
  /** The values of the thresholds beside the arc. */
  thresholdLabels: boolean;
  /** The colours of the thresholds around the arc. */
  thresholdMarkers: boolean;
  sizes: TextSizes;
}

export function readGaugeOptions(value: unknown): GaugeOptions {
  const { reduceOptions, orientation, showThresholdLabels, showThresholdMarkers, text } = record(value);
  return {
    reduce: readReduceOptions(reduceOptions),
    orientation: readOrientation(orientation),
    thresholdLabels: showThresholdLabels === true,
    thresholdMarkers: showThresholdMarkers !== false,
    sizes: readTextSizes(text),
  };
}
