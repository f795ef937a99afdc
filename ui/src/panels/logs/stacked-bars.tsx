/** A histogram over time, stacked by level. A drag or a click selects a range. */
import { useElementSize } from "@mantine/hooks";
import { formatCount } from "../../format/number";
import { formatSpan, type Zone } from "../../time/format";
import type { Range } from "../../time/range";
import { LEVEL_ORDER, levelColor } from "../colors";
import { timeTicks } from "../time-axis";
import { useTimeSelection } from "../use-time-selection";
import classes from "./stacked-bars.module.css";
import type { Bar } from "./volume";

interface Props {
  bars: Bar[];
  range: Range;
  zone: Zone;
  height: number;
  label: string;
  onZoom: (range: Range) => void;
}

const AXIS = 16;

export function StackedBars({ bars, range, zone, height, label, onZoom }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const span = range.toMs - range.fromMs;
  const top = Math.max(1, ...bars.map(totalOf));
  const x = (ms: number) => ((ms - range.fromMs) / span) * width;
  const timeAt = (pixel: number) => range.fromMs + (pixel / Math.max(1, width)) * span;
  const barAt = (timeMs: number) => bars.find((bar) => timeMs >= bar.fromMs && timeMs < bar.toMs);
  const { at, selected, handlers } = useTimeSelection({
    timeAt,
    onSelect: onZoom,
    onPress: (timeMs) => {
      const bar = barAt(timeMs);
      if (bar) onZoom({ fromMs: bar.fromMs, toMs: bar.toMs });
    },
  });
  const hovered = at === null ? undefined : barAt(timeAt(at));
  return (
    <div ref={ref} className={classes.bars} style={{ height }} {...handlers}>
      <svg width={width} height={height} role="img" aria-label={label}>
        {timeTicks(range, width, 90, zone).map((tick) => (
          <g key={tick.ms}>
            <line x1={tick.x} x2={tick.x} y1={0} y2={height - AXIS} stroke="var(--gh-grid)" />
            <text x={tick.x} y={height - 4} textAnchor={tick.anchor} className={classes.axis}>
              {tick.label}
            </text>
          </g>
        ))}
        <line x1={0} x2={width} y1={height - AXIS + 0.5} y2={height - AXIS + 0.5} stroke="var(--gh-line)" />
        {bars.map((bar) => (
          <Stack
            key={bar.fromMs}
            bar={bar}
            left={x(bar.fromMs)}
            width={x(bar.toMs) - x(bar.fromMs)}
            top={top}
            height={height - AXIS}
          />
        ))}
        {selected && (
          <rect
            x={selected.left}
            width={selected.width}
            y={0}
            height={height - AXIS}
            fill="var(--gh-accent-soft)"
          />
        )}
      </svg>
      {hovered && !selected && (
        <div className={classes.tooltip} style={tooltipPosition(x(hovered.toMs), width)}>
          <span className={classes.tooltipTitle}>{formatSpan(hovered.fromMs, hovered.toMs, zone)}</span>
          {[...LEVEL_ORDER].reverse().map((level) => {
            const count = hovered.counts[level];
            if (!count) return null;
            return (
              <div key={level}>
                <i style={{ background: levelColor(level) }} />
                {level}
                <b>{formatCount(count)}</b>
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}

function totalOf(bar: Bar): number {
  return Object.values(bar.counts).reduce((sum, count) => sum + count, 0);
}

function tooltipPosition(pixel: number, width: number): React.CSSProperties {
  return pixel > width - 200 ? { right: Math.max(0, width - pixel + 16) } : { left: pixel + 6 };
}

function Stack({
  bar,
  left,
  width,
  top,
  height,
}: {
  bar: Bar;
  left: number;
  width: number;
  top: number;
  height: number;
}) {
  let base = height;
  return LEVEL_ORDER.map((level) => {
    const count = bar.counts[level] ?? 0;
    if (count === 0) return null;
    const tall = Math.max(1, (count / top) * (height - 4));
    base -= tall;
    return (
      <rect
        key={level}
        x={left + 0.5}
        y={base}
        width={Math.max(1, width - 1.5)}
        height={tall}
        fill={levelColor(level)}
      />
    );
  });
}
