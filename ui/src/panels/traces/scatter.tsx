/** A scatter plot of the found traces, by start and duration. */
import { useElementSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import type { TraceSummary } from "../../data/traces";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatInstant } from "../../time/format";
import type { Range } from "../../time/range";
import { timeTicks } from "../time-axis";
import { timeIn, useTimeSelection } from "../use-time-selection";
import classes from "./traces.module.css";

const HEIGHT = 104;
const LEFT = 52;
const RIGHT = 8;
const FOOT = 16;

interface Props {
  traces: TraceSummary[];
  /** By service. */
  colors: Map<string, string>;
  range: Range;
}

export function Scatter({ traces, colors, range }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const { zone, setRange } = useRange();
  const navigate = useNavigate();
  // Zero has no place on a logarithmic axis: such a trace is at its foot.
  const durations = traces.map((trace) => trace.durationMs).filter((ms) => ms > 0);
  const [least, most] = durations.length > 0 ? [Math.min(...durations), Math.max(...durations)] : [0, 0];
  const logarithmic = most > least * 50;
  const base = logarithmic ? Math.log(least) : 0;
  const top = logarithmic ? Math.log(most) : most;
  const x = (ms: number) =>
    LEFT + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * (width - LEFT - RIGHT);
  const timeAt = timeIn({ left: LEFT, width: width - LEFT - RIGHT }, range);
  const { selected, handlers } = useTimeSelection({ timeAt, onSelect: setRange });
  const y = (ms: number) => {
    const value = logarithmic ? Math.log(Math.max(least, ms)) : ms;
    return 6 + (1 - (value - base) / Math.max(1e-9, top - base)) * (HEIGHT - FOOT - 14);
  };
  const marks = logarithmic ? [least, Math.sqrt(least * most), most] : [...new Set([0, most / 2, most])];
  return (
    <div ref={ref} className={classes.plot} style={{ height: HEIGHT }} {...handlers}>
      <svg width={width} height={HEIGHT} role="img" aria-label="Traces by start and duration">
        {timeTicks(range, width - LEFT - RIGHT, 110, zone).map((tick) => (
          <g key={tick.ms} transform={`translate(${LEFT + tick.x} 0)`}>
            <line y1={4} y2={HEIGHT - FOOT} stroke="var(--gh-grid)" />
            <text y={HEIGHT - 3} textAnchor={tick.anchor} className={classes.axis}>
              {tick.label}
            </text>
          </g>
        ))}
        {marks.map((mark, index) => (
          <g key={index}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} stroke="var(--gh-grid)" />
            <text x={LEFT - 6} y={y(mark) + 3} textAnchor="end" className={classes.axis}>
              {formatDuration(mark)}
            </text>
          </g>
        ))}
        {traces.map((trace) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list below opens the same traces by keyboard
          <circle
            key={trace.traceId}
            className={classes.dot}
            cx={x(trace.startMs)}
            cy={y(trace.durationMs)}
            r={Math.min(8, 3 + Math.log10(1 + (trace.spanCount ?? trace.matched)))}
            fill={(trace.errorCount ?? 0) > 0 ? "var(--gh-error)" : colors.get(trace.rootService)}
            onClick={() => void navigate({ to: "/trace/$traceId", params: { traceId: trace.traceId } })}
          >
            <title>
              {`${trace.rootService}: ${trace.rootName}\n${formatDuration(trace.durationMs)} at ${formatInstant(trace.startMs, zone)}`}
            </title>
          </circle>
        ))}
        {selected && (
          <rect
            x={selected.left}
            width={selected.width}
            y={0}
            height={HEIGHT - FOOT}
            fill="var(--gh-accent-soft)"
          />
        )}
      </svg>
    </div>
  );
}
