/** A uPlot chart that is updated in place: what is under the pointer, and a drag, survive new data. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Annotation } from "../../data/annotations";
import { wallTime } from "../../time/calendar";
import type { Zone } from "../../time/format";
import type { Range } from "../../time/range";
import type { Plot as Area } from "../axes";
import { drawAnnotations } from "./annotations";
import { drawExemplars, type Exemplar, exemplarAt } from "./exemplars";
import type { Model, Scale } from "./model";
import { scaleNow, timeAxis, valueAxes } from "./plot-axes";
import { extent } from "./ranges";
import { seriesOptions } from "./series";
import { type Stacked, stacked } from "./stack";
import { drawThresholdAreas, drawThresholdLines } from "./thresholds";
import { createTooltip, type TooltipOptions } from "./tooltip";

export interface PlotState {
  model: Model;
  /** Which lines are drawn. */
  shown: boolean[];
  annotations: Annotation[];
  range: Range;
  zone: Zone;
  width: number;
  height: number;
  tooltip: TooltipOptions;
}

export interface PlotEvents {
  onZoom: (range: Range) => void;
  onExemplar: (exemplar: Exemplar) => void;
  /** The time under the pointer; null when it leaves. */
  onCursor: (timeMs: number | null) => void;
  /** Where the plot is in the chart, after it was drawn with annotations. */
  onArea: (area: Area) => void;
}

export interface Plot {
  update: (state: PlotState) => void;
  /** Highlights a line, or none. */
  focus: (line: number | null) => void;
  /** Shows where the pointer of another chart is, and with `tooltip` the values there. */
  point: (timeMs: number | null, tooltip: boolean) => void;
  /** Draws with the colours of the current scheme. */
  redraw: () => void;
  destroy: () => void;
}

/** What uPlot cannot change: another shape needs another instance. */
function shapeOf({ model }: PlotState): string {
  return JSON.stringify(model.scales.map(({ key, side, label, grid }) => [key, side, label, grid]));
}

/** The state that the callbacks of uPlot read. */
export interface Current {
  state: PlotState;
  stacked: Stacked;
  /** The pointer is over this chart. */
  hovered: boolean;
  /** The pointer of another chart asks for a tooltip. */
  pointed: boolean;
}

export function createPlot(host: HTMLElement, initial: PlotState, events: PlotEvents): Plot {
  const current: Current = { state: initial, stacked: stackedOf(initial), hovered: false, pointed: false };
  let plot = build(host, current, events);
  let dragging = false;
  /** The newest state, while a drag holds back updates. */
  let waiting: PlotState | null = null;

  const apply = (state: PlotState) => {
    const before = current.state;
    current.state = state;
    current.stacked = stackedOf(state);
    if (shapeOf(before) === shapeOf(state)) change(plot, before, current);
    else {
      const { left = -10, top = -10 } = plot.cursor;
      plot.destroy();
      plot = build(host, current, events);
      plot.setCursor({ left, top });
    }
  };
  // On the host, which outlives the plot, and therefore after the listeners of uPlot.
  const onDown = (event: MouseEvent) => {
    if (event.button === 0) dragging = true;
  };
  const onUp = () => {
    dragging = false;
    if (waiting) apply(waiting);
    waiting = null;
  };
  host.addEventListener("mousedown", onDown);
  window.addEventListener("mouseup", onUp);
  return {
    update: (state) => {
      if (dragging) waiting = state;
      else apply(state);
    },
    focus: (line) => plot.setSeries(line === null ? null : line + 1, { focus: true }),
    point: (timeMs, tooltip) => {
      if (current.hovered) return;
      current.pointed = tooltip && timeMs !== null;
      const left = timeMs === null ? -10 : plot.valToPos(timeMs / 1_000, "x");
      plot.setCursor({ left, top: timeMs === null ? -10 : plot.over.clientHeight / 2 });
    },
    redraw: () => plot.redraw(false),
    destroy: () => {
      host.removeEventListener("mousedown", onDown);
      window.removeEventListener("mouseup", onUp);
      plot.destroy();
    },
  };
}

function stackedOf({ model, shown }: PlotState): Stacked {
  return stacked(model.lines, shown);
}

function dataOf({ state, stacked: { values } }: Current): uPlot.AlignedData {
  return [state.model.times.map((time) => time / 1_000), ...values];
}

function isShown({ state }: Current, line: number): boolean {
  return (state.shown[line] ?? true) && state.model.lines[line]?.style.hidden.viz !== true;
}

/** Adapts a plot of the same shape to the current state. */
function change(plot: uPlot, before: PlotState, current: Current): void {
  const { state } = current;
  plot.batch(() => {
    while (plot.series.length - 1 > state.model.lines.length) plot.delSeries(plot.series.length - 1);
    for (let index = 1; index <= state.model.lines.length; index += 1) {
      const options = seriesOptions(current, index - 1, isShown(current, index - 1));
      const series = plot.series[index];
      if (!series || series.scale !== options.scale) {
        if (series) plot.delSeries(index);
        plot.addSeries(options, index);
        continue;
      }
      const { width, dash, spanGaps, label } = options;
      Object.assign(series, { width, dash, spanGaps, label });
      if (series.show !== options.show) plot.setSeries(index, { show: options.show ?? true });
    }
    setBands(plot, current);
    if (state.width !== before.width || state.height !== before.height)
      plot.setSize({ width: state.width, height: state.height });
    plot.setData(dataOf(current));
  });
}

function setBands(plot: uPlot, { stacked: { bands } }: Current): void {
  plot.delBand(null);
  for (const { upper, lower, negative } of bands)
    plot.addBand({ series: [upper + 1, lower + 1], dir: negative ? 1 : -1 });
}

function build(host: HTMLElement, current: Current, events: PlotEvents): uPlot {
  const plot = new uPlot(optionsOf(current, events), dataOf(current), host);
  // The first drawing is in a microtask.
  setBands(plot, current);
  plot.over.addEventListener("mouseenter", () => {
    current.hovered = true;
  });
  plot.over.addEventListener("mouseleave", () => {
    current.hovered = false;
    events.onCursor(null);
  });
  return plot;
}

function optionsOf(current: Current, events: PlotEvents): uPlot.Options {
  const { state } = current;
  const tooltip = createTooltip(current, events);
  return {
    width: state.width,
    height: state.height,
    legend: { show: false },
    // The ticks of days are at midnight of the zone: uPlot reads the fields of a date in the zone of the browser.
    tzDate: (seconds) => dateIn(seconds * 1_000, current.state.zone),
    // Half of the label of a time may be beside the plot.
    padding: [10, 20, 0, state.model.scales.some(({ side }) => side === "left") ? 0 : 20],
    focus: { alpha: 0.2 },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, focus: { prox: 24 } },
    scales: {
      x: {
        time: true,
        range: () => [current.state.range.fromMs / 1_000, current.state.range.toMs / 1_000],
      },
      ...Object.fromEntries(state.model.scales.map((scale) => [scale.key, scaleOptions(scale, current)])),
    },
    axes: [timeAxis(current), ...valueAxes(current)],
    series: [
      {},
      ...state.model.lines.map((_, index) => seriesOptions(current, index, isShown(current, index))),
    ],
    plugins: [tooltip],
    hooks: {
      drawClear: [
        (plot) => {
          drawThresholdAreas(plot, current.state.model.scales);
          drawAnnotations(plot, current.state.annotations);
        },
      ],
      draw: [
        (plot) => {
          drawThresholdLines(plot, current.state.model.scales);
          drawExemplars(plot, current.state.model.exemplars);
          if (current.state.annotations.length > 0) events.onArea(areaOf(plot));
        },
      ],
      setCursor: [
        (plot) => {
          const near = exemplarAt(plot, current.state.model.exemplars);
          plot.over.dataset.exemplar = String(near?.traceId != null);
          const { left = -1 } = plot.cursor;
          if (current.hovered) events.onCursor(left < 0 ? null : plot.posToVal(left, "x") * 1_000);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const fromMs = plot.posToVal(left, "x") * 1_000;
          const toMs = plot.posToVal(left + width, "x") * 1_000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          events.onZoom({ fromMs, toMs });
        },
      ],
    },
  };
}

/** A date whose local fields are those of the instant in the zone. */
function dateIn(ms: number, zone: Zone): Date {
  const date = new Date(ms);
  if (zone === "local") return date;
  return new Date(wallTime(ms, zone) + date.getTimezoneOffset() * 60_000);
}

function areaOf({ bbox }: uPlot): Area {
  const [left, top, width, height] = [bbox.left, bbox.top, bbox.width, bbox.height].map(
    (pixels) => pixels / devicePixelRatio,
  );
  return { left: left ?? 0, top: top ?? 0, width: width ?? 0, height: height ?? 0 };
}

function scaleOptions({ key, distribution }: Scale, current: Current): uPlot.Scale {
  return {
    range: (_plot, min, max) => {
      const scale = scaleNow(current, key);
      return scale ? extent(scale, min, max) : [0, 1];
    },
    ...(distribution.type === "log" ? { distr: 3, log: distribution.base } : {}),
    ...(distribution.type === "symlog"
      ? { distr: 4, log: distribution.base, asinh: distribution.threshold }
      : {}),
  };
}
