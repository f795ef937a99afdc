/** A row of the waterfall: the name of a span, and its bar. */
import { memo } from "react";
import { Icon } from "../../components/icon";
import { formatItems } from "../../format/number";
import { formatDuration } from "../../time/duration";
import type { Interval } from "./critical-path";
import { rowNote } from "./genai";
import type { TraceRow } from "./tree";
import { nanosAsMs, type Window } from "./use-waterfall";
import classes from "./waterfall.module.css";

const INDENT = 13;
/** Deeper levels are not indented further, so that the name stays in its column. */
const INDENT_LEVELS_MAX = 18;
const EVENTS_DRAWN_MAX = 40;

interface Props {
  index: number;
  row: TraceRow;
  /** That of the service. */
  color: string;
  top: number;
  window: Window;
  collapsed: boolean;
  selected: boolean;
  hit: boolean | null;
  critical: Interval[] | null;
  onSelect: (row: number) => void;
  onToggle: (row: number) => void;
}

export const WaterfallRow = memo(function WaterfallRow(props: Props) {
  const { index, row, color, top, window, collapsed, selected, hit, critical, onSelect, onToggle } = props;
  const { span } = row;
  const count = row.last - index;
  const note = rowNote(span);
  const parent = row.children.length > 0;
  return (
    <div
      id={`span-${index}`}
      className={classes.row}
      role="row"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-expanded={parent ? !collapsed : undefined}
      aria-selected={selected}
      data-hit={hit ?? undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(index)}
      onKeyDown={undefined}
    >
      <div
        className={classes.name}
        role="gridcell"
        tabIndex={-1}
        style={{ paddingLeft: 6 + Math.min(row.depth, INDENT_LEVELS_MAX) * INDENT }}
      >
        {parent ? (
          <button
            type="button"
            tabIndex={-1}
            className={classes.caret}
            aria-label={
              collapsed
                ? `Expand ${formatItems(count, "span")}`
                : `Collapse ${formatItems(row.children.length, "span")}`
            }
            onClick={(event) => {
              event.stopPropagation();
              onToggle(index);
            }}
          >
            <Icon name={collapsed ? "right" : "down"} size={10} />
            {collapsed ? count : row.children.length}
          </button>
        ) : (
          <span className={classes.caret} />
        )}
        <span className={classes.colour} style={{ background: color }} />
        {span.status === "error" && (
          <span className={classes.failed}>
            <Icon name="error" size={12} />
          </span>
        )}
        {span.status !== "error" && collapsed && row.errorsBelow > 0 && (
          <span
            className={classes.failedBelow}
            title={`${formatItems(row.errorsBelow, "error")} in collapsed spans`}
          />
        )}
        <span className={classes.span} title={`${span.resource.service}: ${span.name}`}>
          {span.name}
        </span>
        <span className={classes.note}>
          {span.resource.service}
          {note ? ` · ${note}` : ""}
          {row.orphan ? " · parent not received" : ""}
        </span>
      </div>
      <Timeline row={row} window={window} color={color} critical={critical} />
    </div>
  );
});

const GRID = [20, 40, 60, 80];

function Timeline({ row, window, color, critical }: Pick<Props, "row" | "color" | "window" | "critical">) {
  const { span } = row;
  const scale = 100 / Math.max(1, window.toNs - window.fromNs);
  const at = (offset: number) => (offset - window.fromNs) * scale;
  const left = at(span.offsetNs);
  const right = at(span.offsetNs + span.durationNs);
  const seen = right >= 0 && left <= 100;
  const [from, to] = [Math.max(-1, left), Math.min(101, right)];
  return (
    <div className={classes.time} role="gridcell" tabIndex={-1}>
      {GRID.map((percent) => (
        <span key={percent} className={classes.line} style={{ left: `${percent}%` }} />
      ))}
      {seen && (
        <>
          <span
            className={classes.bar}
            style={{ left: `${from}%`, width: `${to - from}%`, background: color }}
          />
          {critical?.map((interval) => (
            <span
              key={interval.fromNs}
              className={classes.critical}
              style={{
                left: `${at(interval.fromNs)}%`,
                width: `${(interval.toNs - interval.fromNs) * scale}%`,
              }}
            />
          ))}
          {span.events.slice(0, EVENTS_DRAWN_MAX).map((event, index) => (
            <span
              key={index}
              className={classes.event}
              data-bad={event.name === "exception"}
              title={event.name}
              style={{ left: `${at(event.offsetNs)}%` }}
            />
          ))}
          <span className={classes.length} style={durationPosition(from, to)}>
            {formatDuration(nanosAsMs(span.durationNs))}
          </span>
        </>
      )}
    </div>
  );
}

/** Beside the bar if there is space, otherwise inside it. */
function durationPosition(from: number, to: number): React.CSSProperties {
  if (to < 86) return { left: `${Math.max(0, to)}%` };
  if (from > 14) return { right: `${100 - from}%` };
  return { right: `${Math.max(0, 100 - to)}%`, color: "var(--on-bar, var(--gh-on-accent))", fontWeight: 550 };
}
