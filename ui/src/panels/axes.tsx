/** The axes of charts that are drawn as SVG: lines of the grid, and texts. */
import type { Zone } from "../time/format";
import type { Range } from "../time/range";
import classes from "./axes.module.css";
import { timeTicks } from "./time-axis";

/** The height of the texts below a plot. */
export const TIME_AXIS = 20;

/** Where a plot is within its chart, in pixels. */
export interface Plot {
  left: number;
  top: number;
  width: number;
  height: number;
}

export function TimeAxis({ plot, range, zone }: { plot: Plot; range: Range; zone: Zone }) {
  return timeTicks(range, plot.width, Math.min(90, Math.max(56, plot.width / 5)), zone).map((tick) => (
    <g key={tick.ms} transform={`translate(${plot.left + tick.x} ${plot.top})`}>
      <line y2={plot.height} className={classes.grid} />
      <text y={plot.height + 14} textAnchor={tick.anchor} className={classes.text}>
        {tick.label}
      </text>
    </g>
  ));
}

interface AxisTick {
  /** Pixels from the start of the plot. */
  at: number;
  label: string;
}

/** At the left of a plot, with lines through it. */
export function LeftAxis({ plot, ticks, lines = true }: { plot: Plot; ticks: AxisTick[]; lines?: boolean }) {
  return ticks.map(({ at, label }, index) => (
    <g key={index} transform={`translate(${plot.left} ${plot.top + at})`}>
      {lines && <line x2={plot.width} className={classes.grid} />}
      <text x={-6} y={4} textAnchor="end" className={classes.text}>
        {label}
      </text>
    </g>
  ));
}

/** Below a plot, with lines through it. */
export function FootAxis({ plot, ticks, lines = true }: { plot: Plot; ticks: AxisTick[]; lines?: boolean }) {
  return ticks.map(({ at, label }, index) => (
    <g key={index} transform={`translate(${plot.left + at} ${plot.top})`}>
      {lines && <line y2={plot.height} className={classes.grid} />}
      <text y={plot.height + 14} textAnchor="middle" className={classes.text}>
        {label}
      </text>
    </g>
  ));
}

const CHARACTER_WIDTH = 6.1;

/** The space that the texts of an axis need at the left. */
export function axisWidth(labels: string[]): number {
  return Math.ceil(Math.max(0, ...labels.map((label) => label.length)) * CHARACTER_WIDTH) + 12;
}

/** A text that is cut where it would not fit. */
export function cut(text: string, width: number): string {
  const letters = Math.floor(width / CHARACTER_WIDTH);
  if (text.length <= letters) return text;
  return letters < 2 ? "" : `${text.slice(0, letters - 1)}…`;
}
