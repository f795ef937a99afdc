/** The XY chart and the trend: numbers over numbers, as points or as lines. */
import { useMemo, useState } from "react";
import { formatAxisValue, formatValue } from "../../format/units";
import { axisWidth, FootAxis, LeftAxis, type Plot } from "../axes";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { Legend } from "../legend";
import { formatOf, legendCells, legendColumns } from "../legend-values";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { valueTicks } from "../ticks";
import { useShown } from "../use-shown";
import { WithLegend } from "../with-legend";
import { type XyModel, type XySeries, xyModel } from "./model";
import type { XyOptions } from "./options";

export default function XyChartPanel({ frames, options, height }: PanelProps<XyOptions>) {
  const model = useMemo(() => xyModel(frames, options), [frames, options]);
  const [shown, pick] = useShown(model?.series.map(({ name }) => name) ?? []);
  if (!model) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData
          frames={frames}
          needs="This panel needs two numeric fields in one answer; no answer has them."
        />
      </div>
    );
  }
  const { legend } = options;
  return (
    <WithLegend
      height={height}
      placement={legend.placement}
      legend={
        legend.show && (
          <Legend
            mode={legend.mode}
            columns={legendColumns(legend.calcs)}
            items={model.series.map((series) => ({
              ...series,
              cells: legendCells(
                series.points.map(({ y }) => y),
                legend.calcs,
                formatOf(series.config),
              ),
            }))}
            shown={shown}
            onPick={pick}
          />
        )
      }
    >
      {(size) => (
        <XyPlot
          model={{ ...model, series: model.series.filter((_, index) => shown[index]) }}
          tooltip={options.tooltip}
          {...size}
        />
      )}
    </WithLegend>
  );
}

interface PlotProps {
  model: XyModel;
  tooltip: boolean;
  width: number;
  height: number;
}

const FOOT = 20;
const TOP = 8;
/** A point within this distance of the pointer is shown, in pixels. */
const NEAR = 30;

function XyPlot({ model, tooltip, width, height }: PlotProps) {
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const { series, xName, xConfig, extent } = model;
  const yConfig = series[0]?.config ?? {};
  const rows = valueTicks(extent.yMin, extent.yMax, Math.max(2, height / 40));
  const labels = rows.map((tick) => formatAxisValue(tick, yConfig.unit ?? "short", yConfig.decimals));
  const left = axisWidth(labels);
  const plot: Plot = {
    left,
    top: TOP,
    width: Math.max(0, width - left - 20),
    height: Math.max(0, height - TOP - FOOT),
  };
  const x = (value: number) => ((value - extent.xMin) / (extent.xMax - extent.xMin)) * plot.width;
  const y = (value: number) => (1 - (value - extent.yMin) / (extent.yMax - extent.yMin)) * plot.height;
  const hover = (event: React.PointerEvent<Element>) => {
    const at = pointerIn(event);
    const found = nearest(series, (point) =>
      Math.hypot(plot.left + x(point.x) - at.x, plot.top + y(point.y) - at.y),
    );
    if (!tooltip || !found) return setHovered(null);
    const { one, point } = found;
    const row = {
      name: one.name,
      color: one.color,
      value: formatValue(point.y, one.config.unit ?? "short", one.config.decimals),
    };
    const title = `${xConfig.displayName ?? xName} ${formatValue(point.x, xConfig.unit ?? "short", xConfig.decimals)}`;
    setHovered({ x: plot.left + x(point.x), y: plot.top + y(point.y), title, rows: [row] });
  };
  const count = series.reduce((sum, { points }) => sum + points.length, 0);
  return (
    <>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`Chart of ${series.map(({ name }) => name).join(", ")} over ${xName}, with ${count} points`}
        onPointerMove={hover}
        onPointerLeave={() => setHovered(null)}
      >
        <LeftAxis
          plot={plot}
          ticks={rows.map((tick, index) => ({ at: y(tick), label: labels[index] ?? "" }))}
        />
        <FootAxis
          plot={plot}
          ticks={valueTicks(extent.xMin, extent.xMax, Math.max(2, width / 90)).map((tick) => ({
            at: x(tick),
            label: formatAxisValue(tick, xConfig.unit ?? "short", xConfig.decimals),
          }))}
        />
        <g transform={`translate(${plot.left} ${plot.top})`}>
          {series.map(({ color, points, lines, dots, size }, at) => (
            <g key={at}>
              {lines && (
                <polyline
                  points={points
                    .map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`)
                    .join(" ")}
                  fill="none"
                  stroke={color}
                  strokeWidth={1.6}
                />
              )}
              {dots &&
                points.map((point, index) => (
                  <circle
                    key={index}
                    cx={x(point.x)}
                    cy={y(point.y)}
                    r={size / 2 + 0.5}
                    fill={color}
                    fillOpacity={0.7}
                  />
                ))}
            </g>
          ))}
        </g>
      </svg>
      {hovered && <HoverText at={hovered} width={width} height={height} />}
    </>
  );
}

function nearest(series: XySeries[], distance: (point: { x: number; y: number }) => number) {
  let best: { one: XySeries; point: { x: number; y: number }; away: number } | null = null;
  for (const one of series)
    for (const point of one.points) {
      const away = distance(point);
      if (away <= NEAR && (!best || away < best.away)) best = { one, point, away };
    }
  return best;
}
