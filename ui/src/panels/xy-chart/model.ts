/** The points of a chart of numbers over numbers. */
import { displayName } from "../../data/display-name";
import type { FieldConfig } from "../../data/field-config";
import { type Field, type Frame, type NumberField, numberFields } from "../../data/frame";
import { colorsOf, namedColor } from "../colors";
import type { XyOptions } from "./options";

export interface XySeries {
  name: string;
  color: string;
  points: { x: number; y: number }[];
  config: FieldConfig;
  lines: boolean;
  dots: boolean;
  size: number;
}

export interface XyModel {
  series: XySeries[];
  xName: string;
  xConfig: FieldConfig;
  extent: { xMin: number; xMax: number; yMin: number; yMax: number };
}

const POINTS_MAX = 5_000;

export function xyModel(frames: Frame[], options: XyOptions): XyModel | null {
  const shown = frames.filter(({ meta }) => meta.type !== "exemplars");
  const found = shown.flatMap((frame, index) => pairsOf(frame, index, shown, options));
  const names = found.map(({ name }) => name);
  const colors = colorsOf(names);
  let left = POINTS_MAX;
  const series = found.map(({ x, y, name }): XySeries => {
    const points = x.values.slice(0, left).flatMap((value, row) => {
      const [at, height] = [value as number | null, y.values[row] ?? null];
      return at === null || height === null || !Number.isFinite(at) || !Number.isFinite(height)
        ? []
        : [{ x: at, y: height }];
    });
    left -= points.length;
    if (options.lines) points.sort((one, other) => one.x - other.x);
    const { color, custom = {} } = y.config;
    const fixed = color?.mode === "fixed" ? color.fixedColor : undefined;
    const show = typeof custom.show === "string" ? custom.show : "";
    return {
      name,
      color: fixed ? namedColor(fixed) : (colors.get(name) ?? ""),
      points,
      config: y.config,
      lines: options.lines || show.includes("lines"),
      dots: options.points && show !== "lines",
      size: typeof custom.pointSize === "number" ? custom.pointSize : 5,
    };
  });
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return null;
  return { series, xName: found[0]?.x.name ?? "", xConfig: found[0]?.x.config ?? {}, extent: extentOf(all) };
}

interface Pair {
  x: Field;
  y: NumberField;
  name: string;
}

function pairsOf(frame: Frame, index: number, frames: Frame[], options: XyOptions): Pair[] {
  const named = (name: string) =>
    name === ""
      ? undefined
      : frame.fields.find((field) => field.name === name || displayName(field, frame, frames) === name);
  const own = options.series.filter((one) => one.frame === null || one.frame === index);
  const pairs = own.flatMap(({ x, y }) => {
    const [across, up] = [named(x) ?? firstNumber(frame), named(y)];
    return across && up?.type === "number" ? [{ x: across, y: up }] : [];
  });
  const across = named(options.xField) ?? firstNumber(frame);
  const found =
    options.series.length > 0
      ? pairs
      : across
        ? numberFields(frame)
            .filter((field) => field !== across)
            .map((y) => ({ x: across, y }))
        : [];
  return found.map(({ x, y }) => ({ x, y, name: displayName(y, frame, frames) }));
}

function firstNumber(frame: Frame): Field | undefined {
  return numberFields(frame)[0];
}

function extentOf(points: { x: number; y: number }[]): XyModel["extent"] {
  const extent = {
    xMin: Number.POSITIVE_INFINITY,
    xMax: Number.NEGATIVE_INFINITY,
    yMin: Number.POSITIVE_INFINITY,
    yMax: Number.NEGATIVE_INFINITY,
  };
  for (const { x, y } of points) {
    extent.xMin = Math.min(extent.xMin, x);
    extent.xMax = Math.max(extent.xMax, x);
    extent.yMin = Math.min(extent.yMin, y);
    extent.yMax = Math.max(extent.yMax, y);
  }
  const [xPad, yPad] = [(extent.xMax - extent.xMin) * 0.04 || 1, (extent.yMax - extent.yMin) * 0.06 || 1];
  return {
    xMin: extent.xMin - xPad,
    xMax: extent.xMax + xPad,
    yMin: extent.yMin - yPad,
    yMax: extent.yMax + yPad,
  };
}
