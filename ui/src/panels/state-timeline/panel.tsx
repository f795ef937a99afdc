/** The state timeline and the status history: the states of each field over time. */
import { useMemo, useState } from "react";
import { useRange } from "../../time/context";
import { formatSpan } from "../../time/format";
import type { Range } from "../../time/range";
import { axisWidth, cut, LeftAxis, type Plot, TIME_AXIS, TimeAxis } from "../axes";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { Legend } from "../legend";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { textOn } from "../text-on";
import { timeIn, useTimeSelection } from "../use-time-selection";
import { WithLegend } from "../with-legend";
import { legendOf, rowsOf, type State, type StateRow } from "./model";
import type { StateOptions } from "./options";
import classes from "./state-timeline.module.css";

export default function StateTimelinePanel({ frames, options, height }: PanelProps<StateOptions>) {
  const { range, zone } = useRange();
  const rows = useMemo(() => rowsOf(frames, options, range.toMs, zone), [frames, options, range, zone]);
  const items = useMemo(() => legendOf(rows, frames), [rows, frames]);
  const empty = !rows.some(({ states }) => states.length > 0);
  if (empty) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData frames={frames} needs="This panel needs fields over time, and the answers have none." />
      </div>
    );
  }
  return (
    <WithLegend
      height={height}
      placement={options.legend.placement}
      legend={
        options.legend.show &&
        items.length > 0 && (
          <Legend
            items={items.map((item) => ({ ...item, cells: [] }))}
            columns={[]}
            mode={options.legend.mode}
          />
        )
      }
    >
      {(size) => <Rows rows={rows} options={options} {...size} />}
    </WithLegend>
  );
}

interface RowsProps {
  rows: StateRow[];
  options: StateOptions;
  width: number;
  height: number;
}

function Rows({ rows, options, width, height }: RowsProps) {
  const { range, zone, setRange } = useRange();
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const left = Math.min(width * 0.35, axisWidth(rows.map(({ name }) => name)));
  const plot: Plot = {
    left,
    top: 4,
    width: Math.max(0, width - left - 8),
    height: Math.max(0, height - 4 - TIME_AXIS),
  };
  const drag = useTimeSelection({ timeAt: timeIn(plot, range), onSelect: setRange });
  const share = plot.height / rows.length;
  const every = Math.max(1, Math.ceil(13 / Math.max(1, share)));
  const hover = (event: React.PointerEvent) => {
    drag.handlers.onPointerMove(event);
    const { x, y } = pointerIn(event);
    const row = rows[Math.floor((y - plot.top) / share)];
    const time = range.fromMs + ((x - plot.left) / Math.max(1, plot.width)) * (range.toMs - range.fromMs);
    const state = row?.states.find(({ fromMs, toMs }) => time >= fromMs && time < toMs);
    if (!options.tooltip || !row || !state || x < plot.left) return setHovered(null);
    const rowText = { name: row.name, color: state.color, value: state.text };
    setHovered({ x, y, title: formatSpan(state.fromMs, state.toMs, zone), rows: [rowText] });
  };
  return (
    <div
      className={classes.rows}
      {...drag.handlers}
      onPointerMove={hover}
      onPointerLeave={() => setHovered(null)}
    >
      <svg width={width} height={height} role="img" aria-label={summaryOf(rows)}>
        <TimeAxis plot={plot} range={range} zone={zone} />
        <LeftAxis
          plot={plot}
          lines={false}
          ticks={rows.flatMap(({ name }, index) =>
            index % every === 0 ? [{ at: (index + 0.5) * share, label: cut(name, left - 8) }] : [],
          )}
        />
        {rows.map(({ states, opacity }, index) => (
          <g
            key={index}
            transform={`translate(0 ${plot.top + share * (index + (1 - options.rowHeight) / 2)})`}
          >
            {wide(states, plot, range).map((state) => (
              <Box
                key={state.fromMs}
                state={state}
                opacity={opacity}
                plot={plot}
                range={range}
                height={share * options.rowHeight}
                options={options}
              />
            ))}
          </g>
        ))}
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

/** Without the states that end within a pixel of the one before: there may be thousands. */
function wide(states: State[], plot: Plot, range: Range): State[] {
  const pixelMs = (range.toMs - range.fromMs) / Math.max(1, plot.width);
  let drawn = Number.NEGATIVE_INFINITY;
  return states.filter(({ toMs }) => {
    if (toMs < range.fromMs || toMs - drawn < pixelMs) return false;
    drawn = toMs;
    return true;
  });
}

function summaryOf(rows: StateRow[]): string {
  const last = rows.slice(0, 12).map(({ name, states }) => `${name} ${states.at(-1)?.text ?? "none"}`);
  const more = rows.length > last.length ? `, and ${rows.length - last.length} more` : "";
  return `States over time, of which the last are: ${last.join(", ")}${more}`;
}

interface BoxProps {
  state: State;
  opacity: number;
  plot: Plot;
  range: Range;
  height: number;
  options: StateOptions;
}

const ANCHORS = { left: "start", center: "middle", right: "end" } as const;

function Box({ state, opacity, plot, range, height, options }: BoxProps) {
  const x = (ms: number) =>
    plot.left +
    ((Math.min(range.toMs, Math.max(range.fromMs, ms)) - range.fromMs) / (range.toMs - range.fromMs)) *
      plot.width;
  const [from, to] = [x(state.fromMs), x(state.toMs)];
  if (to <= from) return null;
  const full = to - from;
  const width = Math.max(1, options.boxes ? full * options.columnWidth : full - 1);
  const text = cut(state.text, width - 6);
  const whole = text === state.text;
  const shown =
    options.showValue === "always"
      ? text !== ""
      : options.showValue === "auto" && whole && height >= 14 && width > 16;
  const place = { left: from + 5, center: from + full / 2, right: from + width - 5 }[options.align];
  const color = `color-mix(in srgb, ${state.color} ${Math.round(opacity * 100)}%, var(--gh-panel))`;
  return (
    <>
      <rect
        x={options.boxes ? from + (full - width) / 2 : from}
        width={width}
        height={Math.max(1, height)}
        rx={options.boxes ? 2 : 1}
        fill={color}
      />
      {shown && (
        <text
          x={place}
          y={height / 2 + 4}
          textAnchor={ANCHORS[options.align]}
          className={classes.text}
          fill={textOn(color)}
        >
          {text}
        </text>
      )}
    </>
  );
}
