/** The found traces. A click anywhere on a row opens the trace. */
import { Button } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { TraceSummary } from "../../data/traces";
import { formatItems } from "../../format/number";
import { useShortcuts } from "../../shell/keyboard";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatInstant } from "../../time/format";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import { ListFoot } from "../list-foot";
import type { PanelActions } from "../panel";
import { useScrollAnchor } from "../use-scroll-anchor";
import { VirtualRows } from "../virtual-rows";
import type { TraceSort } from "./options";
import classes from "./traces.module.css";

interface Props {
  traces: TraceSummary[];
  /** By service. */
  colors: Map<string, string>;
  sort: TraceSort;
  /** Without it the list cannot be sorted. */
  onSort: ((sort: TraceSort) => void) | undefined;
  loadMore: PanelActions["loadMore"];
}

export function TraceList({ traces, colors, sort, onSort, loadMore }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  // Selected by its id, because a refresh moves the traces.
  const [selected, setSelected] = useState<string | null>(null);
  const ids = useMemo(() => traces.map(({ traceId }) => traceId), [traces]);
  const longest = Math.max(1e-6, ...traces.map((trace) => trace.durationMs));
  const virtual = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 30,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 16,
  });
  useScrollAnchor(virtual, ids, false);
  const move = (by: number) => {
    const at = selected === null ? -1 : ids.indexOf(selected);
    const next = Math.min(ids.length - 1, Math.max(0, at + by));
    setSelected(ids[next] ?? null);
    virtual.scrollToIndex(next);
  };
  const open = () => {
    if (selected !== null && ids.includes(selected))
      void navigate({ to: "/trace/$traceId", params: { traceId: selected } });
  };
  useShortcuts([
    { keys: "j", label: "Next trace", group: "Traces", run: () => move(1) },
    { keys: "k", label: "Previous trace", group: "Traces", run: () => move(-1) },
    { keys: "Enter", label: "Open the trace", group: "Traces", run: open },
  ]);
  return (
    <>
      <div className={classes.head}>
        <span>Root</span>
        <SortButton name="longest" label="Duration" sort={sort} onSort={onSort} />
        <SortButton name="spans" label="Spans" sort={sort} onSort={onSort} right />
        <SortButton name="errors" label="Errors" sort={sort} onSort={onSort} right />
        <span>Services</span>
        <SortButton name="newest" label="Start" sort={sort} onSort={onSort} right />
      </div>
      <div ref={scroll} className={classes.scroll} data-scroll-restoration-id="traces">
        <VirtualRows
          virtual={virtual}
          className={undefined}
          data={(index) => ({ "data-values": true, "data-selected": selected === ids[index] })}
        >
          {(index) => {
            const trace = traces[index];
            if (!trace) return null;
            return (
              <Row trace={trace} colors={colors} longest={longest} selected={selected === trace.traceId} />
            );
          }}
        </VirtualRows>
      </div>
      <ListFoot>
        <span>
          {formatItems(traces.length, "trace")}
          {loadMore?.full ? ", the limit of this search" : ""}
        </span>
        {loadMore?.hasMore && <Button onClick={loadMore.load}>Load more</Button>}
      </ListFoot>
    </>
  );
}

function SortButton(props: {
  name: TraceSort;
  label: string;
  sort: TraceSort;
  onSort: Props["onSort"];
  right?: boolean;
}) {
  const active = props.sort === props.name;
  return (
    <button
      type="button"
      aria-pressed={active}
      className={props.right ? classes.right : undefined}
      disabled={!props.onSort}
      onClick={() => props.onSort?.(props.name)}
    >
      {props.label}
      {active ? " ↓" : ""}
    </button>
  );
}

function Row({
  trace,
  colors,
  longest,
  selected,
}: {
  trace: TraceSummary;
  colors: Map<string, string>;
  longest: number;
  selected: boolean;
}) {
  const { zone } = useRange();
  const failed = (trace.errorCount ?? 0) > 0;
  return (
    <>
      <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} className={classes.row} preload={false}>
        <span className={classes.name} title={`${trace.rootService}: ${trace.rootName}\n${trace.traceId}`}>
          <i style={{ background: colors.get(trace.rootService) }} />
          <b>{trace.rootName || "(root not received)"}</b>
          <span>{trace.rootService}</span>
        </span>
        <span className={classes.duration}>
          {formatDuration(trace.durationMs)}
          <span className={classes.track}>
            <i
              style={{
                width: `${(trace.durationMs / longest) * 100}%`,
                background: failed ? "var(--gh-error)" : colors.get(trace.rootService),
              }}
            />
          </span>
        </span>
        <span className={classes.right} title={trace.spanCount === null ? "spans that matched" : undefined}>
          {(trace.spanCount ?? trace.matched).toLocaleString("en")}
        </span>
        <span className={`${classes.right} ${failed ? classes.bad : classes.zero}`}>
          {trace.errorCount ?? "–"}
        </span>
        <span className={classes.services}>
          {trace.services.slice(0, 6).map((service) => (
            <span
              key={service.name}
              title={`${service.name}: ${formatItems(service.spans, "span")}, ${formatItems(service.errors, "error")}`}
            >
              <i style={{ background: colors.get(service.name) }} />
              {service.spans}
            </span>
          ))}
        </span>
        <span className={classes.time}>{formatInstant(trace.startMs, zone)}</span>
      </Link>
      <span className={classes.menu}>
        <ValueMenu label="the trace" values={() => valuesOf(trace)} focusable={selected} />
      </span>
    </>
  );
}

function valuesOf({ traceId, rootService, rootName }: TraceSummary): ScopedValue[] {
  const values: ScopedValue[] = [
    { scope: "resource", name: "service.name", type: "string", text: rootService },
    { scope: "intrinsic", name: "rootName", type: "string", text: rootName },
    { scope: "intrinsic", name: "trace:id", type: "string", text: traceId },
  ];
  return values.filter(({ text }) => text !== "");
}
