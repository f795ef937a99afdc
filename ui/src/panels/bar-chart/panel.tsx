/** The bar chart panel: numbers by category. */
import { useMemo, useState } from "react";
import { formatValue } from "../../format/units";
import { useRange } from "../../time/context";
import { FootAxis, LeftAxis } from "../axes";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { Legend } from "../legend";
import { formatOf, legendCells, legendColumns } from "../legend-values";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { textOn } from "../text-on";
import { useShown } from "../use-shown";
import { WithLegend } from "../with-legend";
import classes from "./bar-chart.module.css";
import { layoutOf, type Rect } from "./layout";
import { type BarBox, type BarSeries, type Bars, barsOf, boxesOf } from "./model";
import type { BarChartOptions } from "./options";

export default function BarChartPanel({ frames, options, height }: PanelProps<BarChartOptions>) {
  const { zone } = useRange();
  const all = useMemo(() => barsOf(frames, options, zone), [frames, options, zone]);
  const [shown, pick] = useShown(all?.series.map(({ name }) => name) ?? []);
  if (!all) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData
          frames={frames}
          needs="A bar chart needs a text or a time, and a number; the answers lack one of them."
        />
      </div>
    );
  }
  const { legend } = options;
  const bars = { ...all, series: all.series.filter((_, index) => shown[index]) };
  return (
    <WithLegend
      height={height}
      placement={legend.placement}
      legend={
        legend.show && (
          <Legend
            mode={legend.mode}
            columns={legendColumns(legend.calcs)}
            items={all.series.map((series) => ({
              ...series,
              cells: legendCells(series.values, legend.calcs, formatOf(series.config)),
            }))}
            shown={shown}
            onPick={pick}
          />
        )
      }
    >
      {(size) => <BarPlot bars={bars} options={options} {...size} />}
    </WithLegend>
  );
}

interface PlotProps {
  bars: Bars;
  options: BarChartOptions;
  width: number;
  height: number;
}

function BarPlot({ bars, options, width, height }: PlotProps) {
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const { categories, series } = bars;
  const { plot, outer, standing, names, numbers, rectOf } = layoutOf(bars, options, width, height);
  const boxes = boxesOf(bars, options);
  const show = (box: BarBox, event: React.PointerEvent<SVGElement>) => {
    const svg = event.currentTarget.ownerSVGElement;
    if (options.tooltip === "none" || !svg) return;
    setHovered({
      ...pointerIn(event, svg),
      title: categories[box.row] ?? "",
      rows: rowsOf(bars, box, options),
    });
  };
  return (
    <>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={summaryOf(bars)}
        onPointerLeave={() => setHovered(null)}
      >
        {standing ? <LeftAxis plot={plot} ticks={numbers} /> : <FootAxis plot={plot} ticks={numbers} />}
        {standing ? (
          <FootAxis plot={outer} ticks={names} lines={false} />
        ) : (
          <LeftAxis plot={outer} ticks={names} lines={false} />
        )}
        {boxes.map((box) => (
          <rect
            key={`${box.series} ${box.row}`}
            {...rectOf(box)}
            className={classes.bar}
            fill={series[box.series]?.colors[box.row]}
            fillOpacity={opacityOf(series[box.series])}
            stroke={series[box.series]?.colors[box.row]}
            onPointerMove={(event) => show(box, event)}
          />
        ))}
        {boxes.map((box) => (
          <Value
            key={`${box.series} ${box.row}`}
            box={box}
            rect={rectOf(box)}
            bars={bars}
            options={options}
            standing={standing}
          />
        ))}
      </svg>
      {hovered && <HoverText at={hovered} width={width} height={height} />}
    </>
  );
}

function opacityOf(series: BarSeries | undefined): number {
  const fill = series?.config.custom?.fillOpacity;
  return typeof fill === "number" ? Math.min(1, Math.max(0, fill / 100)) : 0.8;
}

/** As it is seen on the panel. */
function colorOf({ series }: Bars, { series: index, row }: BarBox): string {
  const one = series[index];
  return `color-mix(in srgb, ${one?.colors[row] ?? one?.color} ${opacityOf(one) * 100}%, var(--gh-panel))`;
}

function textOf({ series }: Bars, { series: index, row }: BarBox): string {
  const { values = [], config } = series[index] ?? {};
  return formatValue(values[row] ?? Number.NaN, config?.unit ?? "short", config?.decimals);
}

function rowsOf(bars: Bars, box: BarBox, { tooltip }: BarChartOptions) {
  const found = bars.series.map((series, index) => ({ series, index }));
  const kept = tooltip === "multi" ? found : found.filter(({ index }) => index === box.series);
  return kept.map(({ series, index }) => ({
    name: series.name,
    color: series.colors[box.row] ?? series.color,
    value: textOf(bars, { ...box, series: index }),
    near: kept.length > 1 && index === box.series,
  }));
}

interface ValueProps {
  box: BarBox;
  rect: Rect;
  bars: Bars;
  options: BarChartOptions;
  standing: boolean;
}

/** The value at the end of its bar, or within a bar of a stack, where it has the space. */
function Value({ box, rect, bars, options, standing }: ValueProps) {
  const text = textOf(bars, box);
  const needed = text.length * 6.1;
  const fits = standing ? needed <= rect.width + 6 : rect.height >= 11;
  if (options.showValue === "never" || (options.showValue === "auto" && !fits)) return null;
  const stacked = options.stacking !== "none";
  if (stacked && (standing ? rect.height < 13 : rect.width < needed)) return null;
  const negative = box.low < 0;
  const beside = negative ? rect.x - 4 : rect.x + rect.width + 4;
  const beyond = negative ? rect.y + rect.height + 11 : rect.y - 3;
  const x = standing || stacked ? rect.x + rect.width / 2 : beside;
  const y = standing && !stacked ? beyond : rect.y + rect.height / 2 + 4;
  return (
    <text
      x={x}
      y={y}
      textAnchor={standing || stacked ? "middle" : negative ? "end" : "start"}
      className={classes.value}
      style={stacked ? { fill: textOn(colorOf(bars, box)) } : undefined}
    >
      {text}
    </text>
  );
}

const SAID_MAX = 12;

function summaryOf(bars: Bars): string {
  const { categories, series } = bars;
  const said = categories.slice(0, SAID_MAX).map((name, row) => {
    const values = series.map((_, index) =>
      textOf(bars, { series: index, row, from: 0, size: 0, low: 0, high: 0 }),
    );
    return `${name} ${values.join(" and ")}`;
  });
  const more = categories.length > SAID_MAX ? `, and ${categories.length - SAID_MAX} more` : "";
  return `Bar chart of ${series.map(({ name }) => name).join(" and ")}: ${said.join(", ")}${more}`;
}
