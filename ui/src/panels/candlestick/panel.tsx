/** The candlestick panel: how a value moved in each interval, and the volume below. */
import { useMemo, useState } from "react";
import { formatAxisValue, formatValue } from "../../format/units";
import { useRange } from "../../time/context";
import { formatInstant, type Zone } from "../../time/format";
import { axisWidth, LeftAxis, type Plot, TIME_AXIS, TimeAxis } from "../axes";
import { namedColor } from "../colors";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { valueTicks } from "../ticks";
import { timeIn, useTimeSelection } from "../use-time-selection";
import { WithLegend } from "../with-legend";
import { type Candle, type Candles, candlesOf } from "./model";
import type { CandlestickOptions } from "./options";

export default function CandlestickPanel({ frames, options, height }: PanelProps<CandlestickOptions>) {
  const candles = useMemo(() => candlesOf(frames, options), [frames, options]);
  if (!candles) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData
          frames={frames}
          needs="Candles need a time and numbers for open, high, low and close; no answer has them."
        />
      </div>
    );
  }
  return (
    <WithLegend height={height} placement="bottom" legend={null}>
      {(size) => <CandlePlot candles={candles} options={options} {...size} />}
    </WithLegend>
  );
}

interface PlotProps {
  candles: Candles;
  options: CandlestickOptions;
  width: number;
  height: number;
}

const TOP = 8;
/** The part of the height for the volume. */
const VOLUME = 0.22;

function CandlePlot({ candles: given, options, width, height }: PlotProps) {
  const { range, zone, setRange } = useRange();
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const { candles, stepMs, config, min, max, volumeMax } = given;
  const { unit = "short", decimals } = config;
  const ticks = valueTicks(min, max, Math.max(2, height / 50));
  const labels = ticks.map((tick) => formatAxisValue(tick, unit, decimals));
  const left = axisWidth(labels);
  const plot: Plot = {
    left,
    top: TOP,
    width: Math.max(0, width - left - 12),
    height: Math.max(0, height - TOP - TIME_AXIS),
  };
  const drag = useTimeSelection({ timeAt: timeIn(plot, range), onSelect: setRange });
  const volume = options.mode === "candles" ? 0 : options.mode === "volume" ? 1 : VOLUME;
  const space = plot.height * (1 - volume) - 4;
  const x = (ms: number) => plot.left + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * plot.width;
  const y = (value: number) => plot.top + (max > min ? (1 - (value - min) / (max - min)) * space : space / 2);
  const thick = Math.max(1, (stepMs / (range.toMs - range.fromMs)) * plot.width * 0.7);
  const colorOf = ({ open, close }: Candle) =>
    namedColor(close > open ? options.colors.up : close < open ? options.colors.down : options.colors.flat);
  const hover = (event: React.PointerEvent) => {
    drag.handlers.onPointerMove(event);
    const at = pointerIn(event);
    const candle = candles.find(({ timeMs }) => Math.abs(x(timeMs) - at.x) <= Math.max(3, thick / 2));
    if (!options.tooltip || !candle) return setHovered(null);
    setHovered(textAt(candle, at, colorOf(candle), given, zone));
  };
  return (
    <div
      style={{ position: "relative", height: "100%" }}
      {...drag.handlers}
      onPointerMove={hover}
      onPointerLeave={() => setHovered(null)}
    >
      <svg width={width} height={height} role="img" aria-label={summaryOf(given)}>
        <TimeAxis plot={plot} range={range} zone={zone} />
        {volume < 1 && (
          <LeftAxis
            plot={plot}
            ticks={ticks.map((tick, index) => ({ at: y(tick) - plot.top, label: labels[index] ?? "" }))}
          />
        )}
        {candles
          .filter(({ timeMs }) => timeMs >= range.fromMs && timeMs <= range.toMs)
          .map((candle) => {
            const [at, color] = [x(candle.timeMs), colorOf(candle)];
            const [top, foot] = [
              y(Math.max(candle.open, candle.close)),
              y(Math.min(candle.open, candle.close)),
            ];
            const sold = ((candle.volume ?? 0) / volumeMax) * plot.height * volume;
            return (
              <g key={candle.timeMs} fill={color} stroke={color}>
                {volume < 1 && <line x1={at} x2={at} y1={y(candle.high)} y2={y(candle.low)} />}
                {volume < 1 && <Box at={at} width={thick} top={top} foot={foot} />}
                {sold > 0 && (
                  <g fillOpacity={0.5} strokeWidth={0}>
                    <Box
                      at={at}
                      width={thick}
                      top={plot.top + plot.height - sold}
                      foot={plot.top + plot.height}
                    />
                  </g>
                )}
              </g>
            );
          })}
        {drag.selected && (
          <rect
            x={drag.selected.left}
            width={drag.selected.width}
            y={plot.top}
            height={plot.height}
            fill="var(--gh-accent-soft)"
          />
        )}
      </svg>
      {hovered && !drag.selected && <HoverText at={hovered} width={width} height={height} />}
    </div>
  );
}

function Box({ at, width, top, foot }: { at: number; width: number; top: number; foot: number }) {
  return <rect x={at - width / 2} width={width} y={top} height={Math.max(1, foot - top)} />;
}

function textAt(
  candle: Candle,
  at: { x: number; y: number },
  color: string,
  { config }: Candles,
  zone: Zone,
): Hovered {
  const rows = (["open", "high", "low", "close"] as const).map((name) => ({
    name,
    color,
    value: formatValue(candle[name], config.unit ?? "short", config.decimals),
  }));
  const { volume } = candle;
  const sold = volume === null ? [] : [{ name: "volume", color, value: formatValue(volume, "short") }];
  return { ...at, title: formatInstant(candle.timeMs, zone), rows: [...rows, ...sold] };
}

function summaryOf({ candles, config: { unit = "short", decimals }, min, max }: Candles): string {
  const text = (value: number | undefined) => formatValue(value ?? Number.NaN, unit, decimals);
  return `${candles.length} candles between ${text(min)} and ${text(max)}, of which the last closes at ${text(candles.at(-1)?.close)}`;
}
