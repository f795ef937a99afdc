/** How a series is drawn: the custom field configuration of Grafana's time series panel, read tolerantly. */
import { list, record, string } from "../../api/decode";
import type { FieldConfig } from "../../data/field-config";
import { oneOf } from "../../url/search";

export type Distribution =
  | { type: "linear" }
  | { type: "log"; base: 2 | 10 }
  /** Linear within the threshold around zero, logarithmic beyond. */
  | { type: "symlog"; base: 2 | 10; threshold: number };

export interface LineStyle {
  draw: "line" | "bars" | "points";
  interpolation: "linear" | "smooth" | "stepBefore" | "stepAfter";
  /** Pixels; null is a width that suits the number of series. */
  width: number | null;
  /** From 0 to 1. */
  fill: number;
  dash: number[] | null;
  points: "auto" | "always" | "never";
  pointSize: number;
  /** Where a bar is from its time, and the part of the space that it takes. */
  bar: { align: -1 | 0 | 1; width: number };
  /** How the fill changes with the height, and with `scheme` also the line with the value. */
  gradient: "none" | "opacity" | "hue" | "scheme";
  /** What a missing value is: a gap, nothing, or zero. */
  nulls: "gap" | "connect" | "zero";
  /** Longer gaps are not connected. */
  connectMsMax: number;
  /** A longer distance of two values is a gap; null is the distance that the source has. */
  gapMs: number | null;
  stack: { group: string; percent: boolean } | null;
  /** Drawn below zero, for example what is sent above what is received. Its values are not changed. */
  negated: boolean;
  /** The name of the series down to which is filled, for example in a band of quantiles. */
  fillBelowTo: string;
  axis: {
    placement: "auto" | "left" | "right" | "hidden";
    label: string;
    softMin: number | null;
    softMax: number | null;
    /** Zero is in the middle. */
    centeredZero: boolean;
    /** Whether it has lines through the plot; null for the axis that is the first. */
    grid: boolean | null;
    /** In the colour of its series. */
    colored: boolean;
    distribution: Distribution;
  };
  thresholds: "off" | "line" | "dashed" | "area" | "line+area" | "dashed+area";
  /** Not drawn, not in the legend, not in the tooltip. */
  hidden: { viz: boolean; legend: boolean; tooltip: boolean };
}

const finite = (value: unknown, fallback: number | null = null) =>
  typeof value === "number" && Number.isFinite(value) ? value : fallback;

export function readStyle({ custom = {}, nullValueMode }: FieldConfig): LineStyle {
  const { lineStyle, stacking, hideFrom, thresholdsStyle, spanNulls } = custom;
  const dash = list(record(lineStyle).dash).filter((item): item is number => typeof item === "number");
  const mode = oneOf(record(stacking).mode, ["normal", "percent"]);
  const fill = record(lineStyle).fill;
  return {
    draw: oneOf(custom.drawStyle, ["line", "bars", "points"]) ?? "line",
    interpolation:
      oneOf(custom.lineInterpolation, ["linear", "smooth", "stepBefore", "stepAfter"]) ?? "linear",
    width: finite(custom.lineWidth),
    fill: Math.min(1, Math.max(0, (finite(custom.fillOpacity) ?? 0) / 100)),
    dash:
      fill === "dash" || fill === "dot" ? (dash.length > 0 ? dash : fill === "dot" ? [1, 4] : [8, 5]) : null,
    points: oneOf(custom.showPoints, ["auto", "always", "never"]) ?? "auto",
    pointSize: finite(custom.pointSize) ?? 4,
    bar: {
      align: custom.barAlignment === -1 ? -1 : custom.barAlignment === 1 ? 1 : 0,
      width: Math.min(1, Math.max(0.05, finite(custom.barWidthFactor) ?? 0.86)),
    },
    gradient: oneOf(custom.gradientMode, ["opacity", "hue", "scheme"]) ?? "none",
    nulls:
      nullValueMode === "null as zero"
        ? "zero"
        : nullValueMode === "connected" || spanNulls === true || typeof spanNulls === "number"
          ? "connect"
          : "gap",
    gapMs: finite(custom.insertNulls),
    connectMsMax: finite(spanNulls) ?? Number.POSITIVE_INFINITY,
    stack: mode ? { group: string(record(stacking).group, "A"), percent: mode === "percent" } : null,
    negated: custom.transform === "negative-Y",
    fillBelowTo: string(custom.fillBelowTo),
    axis: {
      placement: oneOf(custom.axisPlacement, ["left", "right", "hidden"]) ?? "auto",
      label: string(custom.axisLabel),
      softMin: finite(custom.axisSoftMin),
      softMax: finite(custom.axisSoftMax),
      centeredZero: custom.axisCenteredZero === true,
      grid: typeof custom.axisGridShow === "boolean" ? custom.axisGridShow : null,
      colored: custom.axisColorMode === "series",
      distribution: readDistribution(record(custom.scaleDistribution)),
    },
    thresholds:
      oneOf(record(thresholdsStyle).mode, ["line", "dashed", "area", "line+area", "dashed+area"]) ?? "off",
    hidden: {
      viz: record(hideFrom).viz === true,
      legend: record(hideFrom).legend === true,
      tooltip: record(hideFrom).tooltip === true,
    },
  };
}

function readDistribution({ type, log, linearThreshold }: Record<string, unknown>): Distribution {
  const base = log === 2 ? 2 : 10;
  if (type === "log") return { type, base };
  if (type === "symlog") return { type, base, threshold: finite(linearThreshold) ?? 1 };
  return { type: "linear" };
}
