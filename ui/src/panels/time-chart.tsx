/** A line chart over time, drawn on a canvas. A drag selects a range. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatTick, type Zone } from "../time/format";
import type { Range } from "../time/range";
import { type ChartExemplar, chartCursor } from "./chart-cursor";
import { resolveColor } from "./colors";
import classes from "./time-chart.module.css";

export interface ChartSeries {
  name: string;
  /** A token, as `var(--gh-series-1)`. */
  color: string;
  /** A value for each of the chart's times; null is a gap. */
  values: (number | null)[];
}

interface Props {
  /** Epoch milliseconds, ascending. */
  times: number[];
  series: ChartSeries[];
  /** Which series are drawn; the same length as `series`. */
  shown: boolean[];
  /** The series under the pointer in the legend, or null. */
  focused: number | null;
  range: Range;
  zone: Zone;
  height: number;
  format: (value: number) => string;
  exemplars?: ChartExemplar[];
  /** Whether exemplars have the unit of the series. Others are drawn at the edge when they are off the scale. */
  exemplarsInUnit?: boolean;
  onZoom: (range: Range) => void;
  onExemplar?: (exemplar: ChartExemplar) => void;
}

const NO_EXEMPLARS: ChartExemplar[] = [];

export function TimeChart(props: Props) {
  const { times, series, shown, focused, range, zone, height, exemplars = NO_EXEMPLARS } = props;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const inner = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const scheme = useComputedColorScheme("dark");

  useEffect(() => {
    const host = inner.current;
    if (!host || width < 40) return;
    const options = optionsOf({ series, range, zone, width, height, exemplars, latest });
    const data: uPlot.AlignedData = [times.map((time) => time / 1_000), ...series.map((line) => line.values)];
    const made = new uPlot(options, data, host);
    latest.current.shown.forEach((show, index) => {
      if (!show) made.setSeries(index + 1, { show: false });
    });
    plot.current = made;
    // The colours of the canvas are fixed when it is drawn: another scheme needs a new one.
    host.dataset.scheme = scheme;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [times, series, range, zone, width, height, exemplars, scheme]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.batch(() => {
      shown.forEach((show, index) => {
        if (made.series[index + 1]?.show !== show) made.setSeries(index + 1, { show });
      });
    });
  }, [shown]);

  useEffect(() => {
    plot.current?.setSeries(focused === null ? null : focused + 1, { focus: true });
  }, [focused]);

  return (
    <div ref={ref} className={classes.chart} style={{ height }} role="img" aria-label={describe(props)}>
      <div ref={inner} />
    </div>
  );
}

function describe({ series, shown }: Props): string {
  return `Chart of ${shown.filter(Boolean).length} of ${series.length} series; the table below has their values.`;
}

interface Setup {
  series: ChartSeries[];
  range: Range;
  zone: Zone;
  width: number;
  height: number;
  exemplars: ChartExemplar[];
  latest: { current: Props };
}

function optionsOf(setup: Setup): uPlot.Options {
  const { series, range, zone, width, height, latest } = setup;
  const reach = latest.current.exemplarsInUnit
    ? Math.max(...setup.exemplars.map((exemplar) => exemplar.value), Number.NEGATIVE_INFINITY)
    : Number.NEGATIVE_INFINITY;
  const axis: uPlot.Axis = {
    stroke: resolveColor("var(--gh-faint)"),
    font: "11px Inter Variable, sans-serif",
    grid: { stroke: resolveColor("var(--gh-grid)"), width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  const few = series.length <= 8;
  return {
    width,
    height,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    focus: { alpha: 0.2 },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, focus: { prox: 24 } },
    scales: {
      x: { time: true, range: () => [range.fromMs / 1_000, range.toMs / 1_000] },
      y: { range: (_plot, min, max) => bounds(min, extended(max, reach)) },
    },
    axes: [
      { ...axis, size: 28, space: 80, values: (_plot, ticks) => tickLabels(ticks, zone) },
      {
        ...axis,
        size: (_plot, values) => 18 + 6.4 * Math.max(3, ...(values ?? []).map((value) => value.length)),
        space: 34,
        values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)),
      },
    ],
    series: [
      {},
      ...series.map(
        (line): uPlot.Series => ({
          label: line.name,
          stroke: resolveColor(line.color),
          width: few ? 1.6 : 1.2,
          points: { show: hasIsolatedPoint(line.values), size: 4 },
          spanGaps: false,
        }),
      ),
    ],
    plugins: [
      chartCursor({
        exemplars: setup.exemplars,
        series,
        zone,
        format: (value) => latest.current.format(value),
        onExemplar: (exemplar) => latest.current.onExemplar?.(exemplar),
      }),
    ],
    hooks: {
      setSelect: [
        (made) => {
          const { left, width: span } = made.select;
          if (span < 4) return;
          const fromMs = made.posToVal(left, "x") * 1_000;
          const toMs = made.posToVal(left + span, "x") * 1_000;
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom({ fromMs, toMs });
        },
      ],
    },
  };
}

/** Beyond this factor exemplars are drawn at the edge, so that the lines stay readable. */
const REACH_MAX = 3;

/** The maximum of the lines, raised to that of the exemplars. */
function extended(max: number | null, reach: number): number | null {
  return max === null || max <= 0 ? max : Math.max(max, Math.min(reach, max * REACH_MAX));
}

/** The axis includes zero unless the values are far from it. A constant line gets padding. */
function bounds(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  if (min === max) return min === 0 ? [0, 1] : [Math.min(0, min * 1.2), Math.max(0, max * 1.2)];
  const low = min >= 0 && min < max * 0.75 ? 0 : min - (max - min) * 0.06;
  return [low, max + (max - min) * 0.08];
}

function tickLabels(ticks: number[], zone: Zone): string[] {
  const stepMs = ((ticks[1] ?? 0) - (ticks[0] ?? 0)) * 1_000;
  return ticks.map((tick) => formatTick(tick * 1_000, stepMs, zone));
}

/** A point between two gaps belongs to no line, and is only visible as a dot. */
function hasIsolatedPoint(values: (number | null)[]): boolean {
  return values.some(
    (value, index) =>
      value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null,
  );
}
