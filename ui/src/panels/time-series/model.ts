/** What a time series panel draws: lines on scales, and exemplars; made of the panel's frames. */

import { thresholdStep } from "../../data/display";
import { displayName } from "../../data/display-name";
import type { FieldConfig, Thresholds } from "../../data/field-config";
import { type Frame, type Labels, numberFields, timeField } from "../../data/frame";
import { type Reduced, reduce } from "../../data/reduce";
import { formatAxisValue, formatValue } from "../../format/units";
import type { Range } from "../../time/range";
import { schemeColor, schemeStops, shadeOf } from "../color-mode";
import { colorsOf, namedColor } from "../colors";
import { type AlignedValues, align } from "./align";
import { type Exemplar, placeExemplars } from "./exemplars";
import type { ValueColors } from "./gradients";
import { type Distribution, type LineStyle, readStyle } from "./style";

/** More lines than this are indistinguishable, and slow to draw. */
export const LINES_MAX = 200;

export interface Line {
  name: string;
  /** A CSS colour. */
  color: string;
  labels: Labels;
  labelled: boolean;
  /** The query that it answers. */
  refId: string | undefined;
  values: (number | null)[];
  /** The values for each time of the chart. */
  aligned: AlignedValues;
  /** The key of its scale. */
  scale: string;
  style: LineStyle;
  /** The colours of its values, when it has not one for all. */
  valueColors: ValueColors | null;
  reduced: Reduced;
  format: (value: number) => string;
}

export interface Scale {
  key: string;
  unit: string;
  side: "left" | "right" | null;
  label: string;
  distribution: Distribution;
  min: number | null;
  max: number | null;
  softMin: number | null;
  softMax: number | null;
  centeredZero: boolean;
  thresholds: { style: LineStyle["thresholds"]; steps: Thresholds } | null;
  format: (value: number) => string;
  grid: boolean | null;
  /** Of its axis; null is that of all axes. */
  color: string | null;
  /** The largest exemplar on it. */
  reach: number | null;
}

export interface Model {
  /** Epoch milliseconds. */
  times: number[];
  lines: Line[];
  scales: Scale[];
  exemplars: Exemplar[];
  /** All series of the frames, of which at most `LINES_MAX` are drawn. */
  total: number;
}

const DEFAULT_UNIT = "short";

export function modelOf(frames: Frame[], range: Range): Model {
  const found = frames.flatMap((frame) => {
    const time = timeField(frame);
    if (!time || frame.meta.type === "exemplars") return [];
    return numberFields(frame).map((field) => ({ frame, time, field }));
  });
  const drawn = found.slice(0, LINES_MAX);
  const { times, values } = align(
    drawn.map(({ time, field }) => ({
      times: time.values,
      values: field.values,
      interval: time.config.interval,
      gapMs: readStyle(field.config).gapMs,
    })),
  );
  const named = frames.filter(({ meta }) => meta.type !== "exemplars");
  const names = drawn.map(({ frame, field }) => displayName(field, frame, named));
  const colors = colorsOf(names);
  const scales = new Map<string, Scale>();
  const lines = drawn.map(({ frame, field: { config, labels = {} } }, index): Line => {
    const name = names[index] ?? "";
    const style = readStyle(config);
    const aligned = values[index] ?? [];
    const own = aligned.filter((value) => value !== undefined);
    const reduced = reduce(own);
    const unit = config.unit ?? DEFAULT_UNIT;
    const color = colorOfLine(config, reduced, index) ?? colors.get(name) ?? "";
    const scale = scaleOf(scales, config, style);
    if (style.axis.colored) scale.color ??= color;
    return {
      name,
      color,
      labels,
      labelled: Object.keys(labels).length > 0,
      refId: frame.refId,
      values: own,
      aligned,
      scale: scale.key,
      style,
      valueColors: style.gradient === "scheme" ? valueColorsOf(config) : null,
      reduced,
      format: (value) => formatValue(value, unit, config.decimals),
    };
  });
  const exemplars = placeExemplars(frames, range, scales);
  return { times, lines, scales: [...scales.values()], exemplars, total: found.length };
}

/** By the colour mode of the field; null is the colour of its name. */
function colorOfLine(
  { color, thresholds, min, max }: FieldConfig,
  reduced: Reduced,
  index: number,
): string | null {
  if (color?.mode === "fixed" && color.fixedColor) return namedColor(color.fixedColor);
  if (color?.mode === "shades" && color.fixedColor) return shadeOf(namedColor(color.fixedColor), index);
  const value =
    reduced[color?.seriesBy === "min" ? "min" : color?.seriesBy === "max" ? "max" : "lastNotNull"];
  if (color?.mode.startsWith("continuous-")) {
    const [low, high] = [min ?? reduced.min ?? 0, max ?? reduced.max ?? 100];
    return schemeColor(schemeStops(color.mode), high > low ? ((value ?? low) - low) / (high - low) : 1);
  }
  if (color?.mode !== "thresholds" || !thresholds) return null;
  const step = thresholdStep(value ?? Number.NaN, thresholds, min ?? 0, max ?? 100);
  return step ? namedColor(step.color) : null;
}

function valueColorsOf({ color, thresholds, ...range }: FieldConfig): ValueColors | null {
  const [min, max] = [range.min ?? null, range.max ?? null];
  if (color?.mode.startsWith("continuous-"))
    return { kind: "scheme", stops: schemeStops(color.mode), min, max };
  return color?.mode === "thresholds" && thresholds ? { kind: "thresholds", thresholds, min, max } : null;
}

/** The scale for a field. Fields share one when unit, axis and distribution are the same. */
function scaleOf(scales: Map<string, Scale>, config: FieldConfig, style: LineStyle): Scale {
  const { axis } = style;
  const unit = style.stack?.percent ? "percentunit" : (config.unit ?? DEFAULT_UNIT);
  const key = JSON.stringify([unit, axis.placement, axis.distribution, axis.label]);
  let scale = scales.get(key);
  if (!scale) {
    const sides = [...scales.values()].map(({ side }) => side);
    scale = {
      key,
      unit,
      side:
        axis.placement === "hidden"
          ? null
          : axis.placement === "auto"
            ? sides.includes("left") || sides.includes("right")
              ? "right"
              : "left"
            : axis.placement,
      label: axis.label,
      distribution: axis.distribution,
      min: null,
      max: null,
      softMin: null,
      softMax: null,
      centeredZero: false,
      thresholds: null,
      grid: axis.grid,
      color: null,
      format: (value) => formatAxisValue(value, unit, config.decimals),
      reach: null,
    };
    scales.set(key, scale);
  }
  scale.min ??= config.min ?? null;
  scale.max ??= config.max ?? null;
  scale.softMin ??= axis.softMin;
  scale.softMax ??= axis.softMax;
  scale.centeredZero ||= axis.centeredZero;
  if (style.thresholds !== "off" && config.thresholds)
    scale.thresholds ??= { style: style.thresholds, steps: config.thresholds };
  return scale;
}
