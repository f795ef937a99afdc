/** The waterfall of a trace, with a minimap and keyboard navigation. Only visible rows are rendered. */
import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { useLength } from "../../shell/preferences";
import { formatDuration } from "../../time/duration";
import type { Interval } from "./critical-path";
import { Minimap } from "./minimap";
import { nanosAsMs, type Waterfall as State, type Window } from "./use-waterfall";
import classes from "./waterfall.module.css";
import { WaterfallRow } from "./waterfall-row";

const ROW_HEIGHT = 24;
const TICKS_MAX = 5;
const TICK_WIDTH = 84;

interface Props {
  state: State;
  selected: number | null;
  onSelect: (row: number) => void;
  /** Rows that match the search, or null without a search. */
  hits: ReadonlySet<number> | null;
  critical: Map<number, Interval[]> | null;
}

export function Waterfall({ state, selected, onSelect, hits, critical }: Props) {
  const { tree, colors, visible, collapsed, window } = state;
  const scroll = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useLength("trace.names", 420);
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 16,
  });
  const place = useMemo(() => new Map(visible.map((row, index) => [row, index])), [visible]);
  const selectedPlace = selected === null ? undefined : place.get(selected);
  useEffect(() => {
    if (selectedPlace !== undefined) virtual.scrollToIndex(selectedPlace);
  }, [selectedPlace, virtual]);
  const { ref: ruler, width } = useElementSize<HTMLDivElement>();
  const ticks = tickOffsets(window, Math.min(TICKS_MAX, Math.max(2, Math.floor(width / TICK_WIDTH))));
  const onKey = (event: React.KeyboardEvent) => {
    const next = moved(event.key, state, selected, selectedPlace ?? -1);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (next !== null) onSelect(next);
  };
  return (
    <div
      className={classes.waterfall}
      style={{ "--name-width": `min(${nameWidth}px, 46%)` } as React.CSSProperties}
    >
      <Minimap state={state} />
      <div className={classes.ruler}>
        <div>
          Service and operation
          <ResizeHandle width={nameWidth} setWidth={setNameWidth} />
        </div>
        <div ref={ruler} className={classes.ticks}>
          {ticks.map((offset, index) => (
            <span key={offset} style={{ left: `${(index / ticks.length) * 100}%` }}>
              {formatDuration(nanosAsMs(offset))}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={scroll}
        className={classes.scroll}
        role="treegrid"
        aria-label="Spans"
        aria-rowcount={visible.length}
        aria-activedescendant={selected === null ? undefined : `span-${selected}`}
        tabIndex={0}
        onKeyDown={onKey}
        data-waterfall
      >
        <div className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const index = visible[item.index] ?? 0;
            const row = tree.rows[index];
            if (!row) return null;
            return (
              <WaterfallRow
                key={index}
                index={index}
                row={row}
                color={colors.get(row.span.resource.service) ?? ""}
                top={item.start}
                window={window}
                collapsed={collapsed.has(index)}
                selected={selected === index}
                hit={hits === null ? null : hits.has(index)}
                critical={critical?.get(index) ?? null}
                onSelect={onSelect}
                onToggle={state.toggle}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** The row to select after a key; null when the selection stays, undefined for a key without a function. */
function moved(key: string, state: State, selected: number | null, place: number): number | null | undefined {
  const { visible, tree, collapsed, toggle } = state;
  const row = selected === null ? undefined : tree.rows[selected];
  switch (key) {
    case "ArrowDown":
    case "j":
      return visible[Math.min(visible.length - 1, place + 1)];
    case "ArrowUp":
    case "k":
      return visible[Math.max(0, place - 1)];
    case "Home":
      return visible[0];
    case "End":
      return visible.at(-1);
    case "ArrowRight":
      if (selected === null || !row || row.children.length === 0) return null;
      if (!collapsed.has(selected)) return row.children[0];
      toggle(selected);
      return null;
    case "ArrowLeft":
      if (selected === null || !row) return null;
      if (row.children.length === 0 || collapsed.has(selected)) return row.parent >= 0 ? row.parent : null;
      toggle(selected);
      return null;
    default:
      return undefined;
  }
}

function tickOffsets(window: Window, count: number): number[] {
  const span = window.toNs - window.fromNs;
  return Array.from({ length: count }, (_, index) => window.fromNs + (span * index) / count);
}

function ResizeHandle({ width, setWidth }: { width: number; setWidth: (width: number) => void }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      className={classes.grip}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (!start.current) return;
        setWidth(Math.min(900, Math.max(180, start.current.width + event.clientX - start.current.x)));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
    />
  );
}
