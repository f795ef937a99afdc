/** The axes of a plot. Their functions read the current state. */
import type uPlot from "uplot";
import { isBinary } from "../../format/units";
import { resolveColor } from "../colors";
import { formatTick } from "../time-axis";
import type { Scale } from "./model";
import type { Current } from "./plot";

export function scaleNow(current: Current, key: string): Scale | undefined {
  return current.state.model.scales.find((scale) => scale.key === key);
}

const axisStyle = (): uPlot.Axis => ({
  stroke: () => resolveColor("var(--gh-faint)"),
  font: "11px Inter Variable, sans-serif",
  grid: { stroke: () => resolveColor("var(--gh-grid)"), width: 1 },
  ticks: { show: false },
  gap: 6,
});

export function timeAxis(current: Current): uPlot.Axis {
  return {
    ...axisStyle(),
    size: 28,
    // A narrow chart has few labels, and one alone does not say what the time range is.
    space: (_plot, _axis, _min, _max, width) => Math.min(80, Math.max(48, width / 6)),
    values: (_plot, ticks, _axis, _space, step) =>
      ticks.map((tick) => formatTick(tick * 1_000, step * 1_000, current.state.zone)),
  };
}

/** Powers of two, for units with binary prefixes. */
const BINARY_STEPS = Array.from({ length: 80 }, (_, power) => 2 ** (power - 10));

function powers(base: number): uPlot.Axis.Filter {
  const whole = (value: number) =>
    Number.isInteger(Math.round((Math.log(value) / Math.log(base)) * 1e6) / 1e6);
  return (_plot, splits) =>
    splits.map((split) => (split === 0 || whole(Math.abs(split ?? 1)) ? split : null)) as number[];
}

export function valueAxes(current: Current): uPlot.Axis[] {
  const { scales } = current.state.model;
  const first = scales.find(({ side }) => side !== null);
  return scales.map(({ key, side, label, unit, distribution, grid }) => ({
    ...axisStyle(),
    stroke: () => resolveColor(scaleNow(current, key)?.color ?? "var(--gh-faint)"),
    scale: key,
    side: side === "right" ? 1 : 3,
    show: side !== null,
    // Two grids on one another cannot be read, nor can a line for each digit of a logarithmic one.
    grid: {
      ...axisStyle().grid,
      show: grid ?? key === first?.key,
      ...(distribution.type === "linear" ? {} : { filter: powers(distribution.base) }),
    },
    size: (_plot, values) => 18 + 6.4 * Math.max(3, ...(values ?? []).map((value) => value?.length ?? 0)),
    // One label alone does not say how large the values are.
    space: (_plot, _axis, _min, _max, height) => Math.min(34, Math.max(15, height / 3)),
    values: (_plot, ticks) =>
      ticks.map((tick) => (tick == null ? "" : (scaleNow(current, key)?.format(tick) ?? String(tick)))),
    ...(label ? { label, labelSize: 16, labelFont: "11px Inter Variable, sans-serif" } : {}),
    ...(isBinary(unit) && distribution.type === "linear" ? { incrs: BINARY_STEPS } : {}),
  }));
}
