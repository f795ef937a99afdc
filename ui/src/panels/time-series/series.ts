/** The options of one series of a plot. Its functions read the current state, so that it never has to be replaced. */
import uPlot from "uplot";
import { resolveColor, withAlpha } from "../colors";
import { fadingFill, hueFill, valueGradient } from "./gradients";
import type { Line } from "./model";
import type { Current } from "./plot";
import type { LineStyle } from "./style";

/** With more lines than this they are drawn thinner. */
const FEW = 8;

const LINEAR = uPlot.paths.linear?.() as uPlot.Series.PathBuilder;
const SMOOTH = uPlot.paths.spline?.() as uPlot.Series.PathBuilder;
const STEP_BEFORE = uPlot.paths.stepped?.({ align: -1 }) as uPlot.Series.PathBuilder;
const STEP_AFTER = uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;

/** A wider bar, in pixels, would be taken for an area. */
const BAR_MAX = 64;
/** By alignment and width. */
const bars = new Map<string, uPlot.Series.PathBuilder>();

function barBuilder({ align, width }: LineStyle["bar"]): uPlot.Series.PathBuilder {
  const key = `${align} ${width}`;
  const made =
    bars.get(key) ?? (uPlot.paths.bars?.({ size: [width, BAR_MAX], align }) as uPlot.Series.PathBuilder);
  bars.set(key, made);
  return made;
}

function builder({ draw, interpolation, bar }: LineStyle): uPlot.Series.PathBuilder | null {
  if (draw === "points") return null;
  if (draw === "bars") return barBuilder(bar);
  return { linear: LINEAR, smooth: SMOOTH, stepBefore: STEP_BEFORE, stepAfter: STEP_AFTER }[interpolation];
}

export function seriesOptions(current: Current, index: number, show: boolean): uPlot.Series {
  const line = () => current.state.model.lines[index];
  const given = line();
  if (!given) throw new Error(`there is no line ${index}`);
  const { style } = given;
  const few = current.state.model.lines.length <= FEW;
  const stroke = (plot: uPlot | null) => strokeOf(plot, line() ?? given);
  return {
    label: given.name,
    scale: given.scale,
    show,
    stroke,
    fill: (plot) => fillOf(plot, line() ?? given),
    width: style.width ?? (style.draw === "bars" ? (style.fill > 0 ? 0 : 1) : few ? 1.6 : 1),
    ...(style.dash ? { dash: style.dash } : { dash: [] }),
    spanGaps: style.nulls === "connect" && style.connectMsMax === Number.POSITIVE_INFINITY,
    gaps: (plot, _series, _from, _to, gaps) => longGaps(plot, gaps, line()?.style),
    paths: (plot, series, from, to) => builder(line()?.style ?? style)?.(plot, series, from, to) ?? null,
    points: {
      size: style.pointSize,
      show: () => line()?.style.draw === "points" || line()?.style.points === "always",
      filter: (plot, series, visible) =>
        visible || line()?.style.points === "never" ? null : isolated(plot, series),
      fill: stroke,
    },
  };
}

/** A gradient is only there once the plot has a place for it. */
function strokeOf(plot: uPlot | null, line: Line): string | CanvasGradient {
  const { color, valueColors, scale } = line;
  return (plot && valueColors && valueGradient(plot, scale, valueColors, 1)) ?? resolveColor(color);
}

/** uPlot builds no path for a null, which its type lacks. */
function fillOf(plot: uPlot, { style: { fill, gradient }, color: given, valueColors, scale }: Line) {
  if (fill === 0) return null as never;
  const color = resolveColor(given);
  const made =
    gradient === "opacity"
      ? fadingFill(plot, color, fill)
      : gradient === "hue"
        ? hueFill(plot, color, fill)
        : valueColors && valueGradient(plot, scale, valueColors, fill);
  return made ?? withAlpha(color, fill);
}

/** Gaps are in pixels of the canvas. */
function longGaps(plot: uPlot, gaps: uPlot.Series.Gaps, style: LineStyle | undefined): uPlot.Series.Gaps {
  if (style?.nulls !== "connect") return gaps;
  const seconds = (pixel: number) => plot.posToVal(pixel, "x", true);
  return gaps.filter(([from, to]) => (seconds(to) - seconds(from)) * 1_000 > style.connectMsMax);
}

/** A point between two gaps belongs to no line, and is only visible as a dot. */
function isolated(plot: uPlot, series: number): number[] | null {
  const values = plot.data[series] ?? [];
  const found: number[] = [];
  let gap = true;
  let single: number | null = null;
  for (let index = 0; index <= values.length; index += 1) {
    const value = index < values.length ? values[index] : null;
    // Undefined is a time of another series.
    if (value === undefined) continue;
    if (value === null) {
      if (single !== null) found.push(single);
      single = null;
      gap = true;
    } else {
      single = gap ? index : null;
      gap = false;
    }
  }
  return found.length > 0 ? found : null;
}
