/** The heatmap panel: the number of values in buckets, over time. */
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { formatAxisValue, formatValue } from "../../format/units";
import { useRange } from "../../time/context";
import { formatSpan } from "../../time/format";
import { axisWidth, LeftAxis, type Plot, TIME_AXIS, TimeAxis } from "../axes";
import { resolveColor } from "../colors";
import { HoverText, pointerIn } from "../hover-text";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { timeIn, useTimeSelection } from "../use-time-selection";
import { WithLegend } from "../with-legend";
import { type Palette, paletteOf } from "./colors";
import classes from "./heatmap.module.css";
import { type Heatmap, heatmapOf } from "./model";
import type { HeatmapOptions } from "./options";

interface Hovered {
  x: number;
  y: number;
  row: number;
  column: number;
}

export default function HeatmapPanel({ frames, options, height }: PanelProps<HeatmapOptions>) {
  const { range } = useRange();
  const map = useMemo(() => heatmapOf(frames, options, range), [frames, options, range]);
  const palette = useMemo(() => map && paletteOf(options, map), [options, map]);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  if (!map || !palette) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData frames={frames} needs="A heatmap needs series over time, and the answers have none." />
      </div>
    );
  }
  const value = hovered ? (map.cells[hovered.row]?.[hovered.column] ?? null) : null;
  return (
    <WithLegend
      height={height}
      placement="bottom"
      legend={options.legend && <Scale palette={palette} options={options} value={value} />}
    >
      {(size) => (
        <Cells
          map={map}
          palette={palette}
          options={options}
          hovered={hovered}
          onHover={setHovered}
          {...size}
        />
      )}
    </WithLegend>
  );
}

interface CellsProps {
  map: Heatmap;
  palette: Palette;
  options: HeatmapOptions;
  hovered: Hovered | null;
  onHover: (hovered: Hovered | null) => void;
  width: number;
  height: number;
}

function Cells({ map, palette, options, hovered, onHover, width, height }: CellsProps) {
  const { range, zone, setRange } = useRange();
  const labels = useMemo(() => rowLabels(map, options), [map, options]);
  const left = options.yAxis.hidden ? 8 : Math.min(width / 3, axisWidth(labels.map(({ label }) => label)));
  const plot: Plot = {
    left,
    top: 8,
    width: Math.max(0, width - left - 10),
    height: Math.max(0, height - 8 - TIME_AXIS),
  };
  const drag = useTimeSelection({ timeAt: timeIn(plot, range), onSelect: setRange });
  const rowHeight = plot.height / map.rows.length;
  const scale = plot.width / (range.toMs - range.fromMs);
  const row = (index: number) => placeOf(index, map, options);
  const pick = (event: React.PointerEvent) => {
    drag.handlers.onPointerMove(event);
    const { x, y } = pointerIn(event);
    const time = range.fromMs + (x - plot.left) / scale;
    const column = map.times.findIndex((from) => time >= from && time < from + map.stepMs);
    const at = row(Math.floor((y - plot.top) / rowHeight));
    onHover(column >= 0 && map.rows[at] ? { x, y, row: at, column } : null);
  };
  const every = Math.max(1, Math.ceil(16 / Math.max(1, rowHeight)));
  return (
    <div
      className={classes.cells}
      {...drag.handlers}
      onPointerMove={pick}
      onPointerLeave={() => onHover(null)}
    >
      <svg width={width} height={height} role="img" aria-label={summaryOf(map, options)}>
        <TimeAxis plot={plot} range={range} zone={zone} />
        {!options.yAxis.hidden && (
          <LeftAxis
            plot={plot}
            lines={false}
            ticks={labels
              .filter((_, index) => index % every === 0)
              .map(({ row: at, label, edge }) => ({
                at: (row(at) + (edge ? (options.yAxis.reverse ? 1 : 0) : 0.5)) * rowHeight,
                label,
              }))}
          />
        )}
      </svg>
      <Canvas map={map} palette={palette} options={options} plot={plot} />
      {drag.selected && (
        <div className={classes.selection} style={{ ...drag.selected, top: plot.top, height: plot.height }} />
      )}
      {hovered && options.tooltip && !drag.selected && (
        <HoverText at={textAt(hovered, map, options, zone)} width={width} height={height} />
      )}
    </div>
  );
}

/** The place of a row from the top, and the row of a place. */
function placeOf(row: number, { rows }: Heatmap, { yAxis }: HeatmapOptions): number {
  return yAxis.reverse ? row : rows.length - 1 - row;
}

/** A row with bounds has its label at its upper edge, another one in its middle. */
function rowLabels(
  { rows }: Heatmap,
  { yAxis }: HeatmapOptions,
): { row: number; label: string; edge: boolean }[] {
  return rows.map(({ to, name }, row) => ({
    row,
    edge: to !== null,
    label:
      to === null
        ? name
        : Number.isFinite(to)
          ? formatAxisValue(to, yAxis.unit ?? "short", yAxis.decimals)
          : "+Inf",
  }));
}

function textAt(
  { x, y, row, column }: Hovered,
  map: Heatmap,
  options: HeatmapOptions,
  zone: ReturnType<typeof useRange>["zone"],
) {
  const { yAxis, values } = options;
  const start = map.times[column] ?? 0;
  const { from = null, to = null, name = "" } = map.rows[row] ?? {};
  const bound = (value: number | null, open: string) =>
    value === null || !Number.isFinite(value)
      ? open
      : formatValue(value, yAxis.unit ?? "short", yAxis.decimals);
  const count = map.cells[row]?.[column] ?? null;
  return {
    x,
    y,
    title: formatSpan(start, start + map.stepMs, zone),
    rows: [
      { name: "Bucket", value: to === null ? name : `${bound(from, "−∞")} – ${bound(to, "∞")}` },
      {
        name: options.calculate ? "Count" : "Value",
        value: count === null ? "none" : formatValue(count, values.unit ?? "short", values.decimals),
      },
    ],
  };
}

function summaryOf({ rows, times, max }: Heatmap, { values }: HeatmapOptions): string {
  return `Heatmap of ${rows.length} buckets at ${times.length} times, up to ${formatValue(max, values.unit ?? "short", values.decimals)}`;
}

interface CanvasProps {
  map: Heatmap;
  palette: Palette;
  options: HeatmapOptions;
  plot: Plot;
}

/** There are too many cells for elements. */
function Canvas({ map, palette, options, plot }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("dark");
  const { range } = useRange();
  const ratio = globalThis.devicePixelRatio || 1;
  const { width, height } = plot;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another scheme has other colours
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context || width <= 0 || height <= 0) return;
    const colors = palette.colors.map(resolveColor);
    const across = width / (range.toMs - range.fromMs);
    const down = height / map.rows.length;
    const gap = Math.min(options.gap, down / 3, (map.stepMs * across) / 3);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    map.cells.forEach((cells, row) => {
      cells.forEach((value, column) => {
        if (value === null || Number.isNaN(value) || value <= options.hideUpTo) return;
        context.fillStyle = colors[palette.indexOf(value)] ?? "";
        const x = ((map.times[column] ?? 0) - range.fromMs) * across;
        context.fillRect(
          x,
          placeOf(row, map, options) * down,
          Math.max(1, map.stepMs * across - gap),
          Math.max(1, down - gap),
        );
      });
    });
  }, [map, palette, options, width, height, range, scheme, ratio]);
  return (
    <canvas
      ref={ref}
      className={classes.canvas}
      width={Math.round(width * ratio)}
      height={Math.round(height * ratio)}
      style={{ left: plot.left, top: plot.top, width, height }}
    />
  );
}

/** The colours with their values, and a mark at that under the pointer. */
function Scale({
  palette,
  options,
  value,
}: {
  palette: Palette;
  options: HeatmapOptions;
  value: number | null;
}) {
  const { colors, min, max, indexOf } = palette;
  const text = (one: number) => formatValue(one, options.values.unit ?? "short", options.values.decimals);
  return (
    <div className={classes.scale}>
      <span>{text(min)}</span>
      <span
        className={classes.colors}
        style={{
          background: `linear-gradient(to right, ${colors.filter((_, index) => index % 8 === 0 || index === colors.length - 1).join(", ")})`,
        }}
      >
        {value !== null && (
          <i style={{ left: `${(indexOf(value) / Math.max(1, colors.length - 1)) * 100}%` }} />
        )}
      </span>
      <span>{text(max)}</span>
    </div>
  );
}
