/** Where the bars of a bar chart are, standing or lying. */
import { formatAxisValue } from "../../format/units";
import { axisWidth, cut, type Plot } from "../axes";
import { valueTicks } from "../ticks";
import type { BarBox, Bars } from "./model";
import type { BarChartOptions } from "./options";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Tick {
  at: number;
  label: string;
}

export interface Layout {
  plot: Plot;
  /** The plot with the values below or beside negative bars: the names are around it. */
  outer: Plot;
  standing: boolean;
  /** Of the axis of categories. */
  names: Tick[];
  /** Of the axis of values. */
  numbers: Tick[];
  rectOf: (box: BarBox) => Rect;
}

const FOOT = 20;
/** With the space of a value above the largest bar. */
const TOP = 16;
const RIGHT = 14;
/** Of the name of a category below or beside its bars. */
const NAME_WIDTH = 58;
const NAME_HEIGHT = 14;

export function layoutOf(bars: Bars, options: BarChartOptions, width: number, height: number): Layout {
  const { categories, min, max } = bars;
  const standing = options.orientation === "vertical" || (options.orientation === "auto" && width >= height);
  const { ticks, labels } = ticksOf(bars, options, standing ? height / 40 : width / 90);
  const names = standing ? axisWidth(labels) : Math.min(width * 0.35, axisWidth(categories));
  const beyond = options.showValue !== "never" && options.stacking === "none";
  const below = beyond && min < 0;
  const left = names + (below && !standing ? axisWidth(labels) : 0);
  const right = beyond && !standing ? axisWidth(labels) : RIGHT;
  const plot: Plot = {
    left,
    top: TOP,
    width: Math.max(0, width - left - right),
    height: Math.max(0, height - TOP - FOOT - (below && standing ? NAME_HEIGHT : 0)),
  };
  const outer = standing ? { ...plot, height: height - TOP - FOOT } : { ...plot, left: names };
  const share = (standing ? plot.width : plot.height) / Math.max(1, categories.length);
  const place = (value: number) => {
    const part = Math.min(1, Math.max(0, (value - min) / (max - min)));
    return standing ? plot.height * (1 - part) : plot.width * part;
  };
  const every = Math.max(1, Math.ceil((standing ? NAME_WIDTH : NAME_HEIGHT) / Math.max(1, share)));
  const space = standing ? share * every - 4 : names - 8;
  return {
    plot,
    outer,
    standing,
    names: categories.flatMap((name, row) =>
      row % every === 0 ? [{ at: (row + 0.5) * share, label: cut(name, space) }] : [],
    ),
    numbers: ticks.map((value, index) => ({ at: place(value), label: labels[index] ?? "" })),
    rectOf: ({ row, from, size, low, high }) => {
      const start = (row + from) * share;
      const thickness = Math.max(1, size * share);
      const [near, far] = [place(low), place(high)];
      const [first, length] = [Math.min(near, far), Math.abs(far - near)];
      return standing
        ? { x: plot.left + start, y: plot.top + first, width: thickness, height: length }
        : { x: plot.left + first, y: plot.top + start, width: length, height: thickness };
    },
  };
}

function ticksOf({ min, max, series }: Bars, { stacking }: BarChartOptions, count: number) {
  const config = series[0]?.config;
  const percent = stacking === "percent";
  const ticks = valueTicks(min, max, Math.max(2, count));
  const labels = ticks.map((value) =>
    formatAxisValue(
      value,
      percent ? "percentunit" : (config?.unit ?? "short"),
      percent ? 0 : config?.decimals,
    ),
  );
  return { ticks, labels };
}
