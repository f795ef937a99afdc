/** The histogram panel: how often values are in each bucket. */
import { useMemo, useState } from "react";
import { formatAxisValue, formatValue } from "../../format/units";
import { axisWidth, FootAxis, LeftAxis, type Plot } from "../axes";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { Legend } from "../legend";
import { formatOf, legendCells, legendColumns } from "../legend-values";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { valueTicks } from "../ticks";
import { WithLegend } from "../with-legend";
import { type Histogram, histogramOf } from "./model";
import type { HistogramOptions } from "./options";

export default function HistogramPanel({ frames, options, height }: PanelProps<HistogramOptions>) {
  const histogram = useMemo(() => histogramOf(frames, options), [frames, options]);
  if (!histogram) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData frames={frames} needs="A histogram needs a numeric field, and the answers have none." />
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
            items={histogram.series.map(({ name, color, counts }) => ({
              name,
              color,
              cells: legendCells(counts, legend.calcs, formatOf({})),
            }))}
          />
        )
      }
    >
      {(size) => <Buckets histogram={histogram} stacked={options.stacked} {...size} />}
    </WithLegend>
  );
}

interface BucketsProps {
  histogram: Histogram;
  stacked: boolean;
  width: number;
  height: number;
}

const FOOT = 20;
const TOP = 8;

function Buckets({ histogram, stacked, width, height }: BucketsProps) {
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const { bounds, series, unit = "short", decimals } = histogram;
  const buckets = bounds.slice(1).map((_, index) => index);
  const heights = buckets.map((index) => {
    const counts = series.map(({ counts: all }) => all[index] ?? 0);
    return stacked ? counts.reduce((sum, count) => sum + count, 0) : Math.max(...counts);
  });
  const most = Math.max(1, ...heights);
  const ticks = valueTicks(0, most, Math.max(2, height / 40));
  const labels = ticks.map((tick) => formatAxisValue(tick, "short"));
  const plot: Plot = {
    left: axisWidth(labels),
    top: TOP,
    width: 0,
    height: Math.max(0, height - TOP - FOOT),
  };
  plot.width = Math.max(0, width - plot.left - 20);
  const [first = 0, last = 1] = [bounds[0], bounds.at(-1)];
  const x = (value: number) => ((value - first) / (last - first)) * plot.width;
  const tall = (count: number) => (count / most) * plot.height;
  const hover = (event: React.PointerEvent<Element>) => {
    const at = pointerIn(event);
    const value = first + ((at.x - plot.left) / Math.max(1, plot.width)) * (last - first);
    const index = buckets.find((one) => value >= (bounds[one] ?? 0) && value < (bounds[one + 1] ?? 0));
    if (index === undefined) return setHovered(null);
    const rows = series.map(({ name, color, counts }) => ({
      name,
      color,
      value: formatValue(counts[index] ?? 0, "short"),
    }));
    setHovered({ ...at, title: spanOf(histogram, index), rows });
  };
  return (
    <>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={summaryOf(histogram, heights)}
        onPointerMove={hover}
        onPointerLeave={() => setHovered(null)}
      >
        <LeftAxis
          plot={plot}
          ticks={ticks.map((tick, index) => ({ at: plot.height - tall(tick), label: labels[index] ?? "" }))}
        />
        <FootAxis
          plot={plot}
          lines={false}
          ticks={valueTicks(first, last, Math.max(2, width / 90)).map((tick) => ({
            at: x(tick),
            label: formatAxisValue(tick, unit, decimals),
          }))}
        />
        {buckets.map((index) => {
          let below = 0;
          return series.map(({ color, counts }, at) => {
            const count = counts[index] ?? 0;
            const [from, to] = [x(bounds[index] ?? 0), x(bounds[index + 1] ?? 0)];
            const bar = (
              <rect
                key={at}
                x={plot.left + from + 0.5}
                y={plot.top + plot.height - tall(below + count)}
                width={Math.max(1, to - from - 1)}
                height={tall(count)}
                fill={color}
                fillOpacity={stacked || series.length === 1 ? 0.8 : 0.5}
              />
            );
            if (stacked) below += count;
            return count > 0 ? bar : null;
          });
        })}
      </svg>
      {hovered && <HoverText at={hovered} width={width} height={height} />}
    </>
  );
}

function spanOf({ bounds, unit = "short", decimals }: Histogram, index: number): string {
  const [from, to] = [bounds[index] ?? 0, bounds[index + 1] ?? 0];
  return `${formatValue(from, unit, decimals)} – ${formatValue(to, unit, decimals)}`;
}

function summaryOf(histogram: Histogram, heights: number[]): string {
  const most = heights.indexOf(Math.max(...heights));
  const names = histogram.series.map(({ name }) => name).join(", ");
  return `Histogram of ${names} in ${heights.length} buckets; most values are in ${spanOf(histogram, most)}`;
}
