/** The state of a waterfall: which rows are collapsed, and which time window is visible. */
import { useCallback, useMemo, useState } from "react";
import type { Trace } from "../../api/otlp";
import { colorsOf } from "../../panels/colors";
import { ancestors, type TraceTree, visibleRows } from "./tree";

/** A part of the trace, in nanoseconds since its start. */
export interface Window {
  fromNs: number;
  toNs: number;
}

/** Traces with more spans start with only the first levels expanded. */
const OPEN_SPANS_MAX = 2_000;
const OPEN_DEPTH = 6;

export interface Waterfall {
  trace: Trace;
  tree: TraceTree;
  /** By service. */
  colors: Map<string, string>;
  visible: number[];
  collapsed: ReadonlySet<number>;
  window: Window;
  setWindow: (window: Window | null) => void;
  toggle: (row: number) => void;
  /** Collapses everything below the roots, or expands all. */
  collapseAll: () => void;
  expandAll: () => void;
  /** Expands the ancestors of a row, so that it is visible. */
  reveal: (row: number) => void;
}

/**
 * The part of the trace that the URL shows; null for all of it. It is in epoch time, because a parent that arrives later
 * may start the trace earlier.
 */
export function readZoom(text: string | undefined, { startNs, durationNs }: Trace): Window | null {
  const [, from, to] = /^(\d{1,20})-(\d{1,20})$/.exec(text ?? "") ?? [];
  if (!from || !to) return null;
  const fromNs = Math.max(0, Number(BigInt(from) - startNs));
  const toNs = Math.min(durationNs, Number(BigInt(to) - startNs));
  return fromNs < toNs ? { fromNs, toNs } : null;
}

export function writeZoom({ fromNs, toNs }: Window, { startNs }: Trace): string {
  const at = (offsetNs: number) => startNs + BigInt(Math.round(offsetNs));
  return `${at(fromNs)}-${at(toNs)}`;
}

/** The zoom is in the URL, where `setZoom` writes it. */
export function useWaterfall(
  trace: Trace,
  tree: TraceTree,
  zoom: string | undefined,
  setZoom: (zoom: string | undefined) => void,
): Waterfall {
  // Keys and not rows: the rows move when a refresh brings more spans.
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => keysOf(tree, initiallyCollapsed(tree)));
  const collapsed = useMemo(() => rowsOf(tree, closed), [tree, closed]);
  const visible = useMemo(() => visibleRows(tree, collapsed), [tree, collapsed]);
  const colors = useMemo(() => serviceColors(tree), [tree]);
  const window = useMemo(
    () => readZoom(zoom, trace) ?? { fromNs: 0, toNs: Math.max(1, trace.durationNs) },
    [zoom, trace],
  );
  const setWindow = (part: Window | null) => setZoom(part ? writeZoom(part, trace) : undefined);
  const toggle = useCallback(
    (row: number) => {
      const key = tree.rows[row]?.key ?? "";
      setClosed((before) => {
        const next = new Set(before);
        if (!next.delete(key)) next.add(key);
        return next;
      });
    },
    [tree],
  );
  const reveal = useCallback(
    (row: number) => {
      setClosed((before) => {
        const above = [...keysOf(tree, ancestors(tree, row))].filter((key) => before.has(key));
        if (above.length === 0) return before;
        const next = new Set(before);
        for (const key of above) next.delete(key);
        return next;
      });
    },
    [tree],
  );
  return {
    trace,
    tree,
    colors,
    visible,
    collapsed,
    window,
    setWindow,
    toggle,
    reveal,
    collapseAll: () => setClosed(keysOf(tree, parents(tree, 0))),
    expandAll: () => setClosed(new Set()),
  };
}

function keysOf(tree: TraceTree, rows: Iterable<number>): Set<string> {
  return new Set(Array.from(rows, (row) => tree.rows[row]?.key ?? ""));
}

function rowsOf(tree: TraceTree, keys: ReadonlySet<string>): ReadonlySet<number> {
  return new Set(tree.rows.flatMap(({ key }, row) => (keys.has(key) ? [row] : [])));
}

export function serviceColors(tree: TraceTree): Map<string, string> {
  return colorsOf(tree.services.map(({ name }) => name));
}

function parents(tree: TraceTree, fromDepth: number): Set<number> {
  const found = new Set<number>();
  tree.rows.forEach((row, index) => {
    if (row.children.length > 0 && row.depth >= fromDepth) found.add(index);
  });
  return found;
}

function initiallyCollapsed(tree: TraceTree): ReadonlySet<number> {
  return tree.rows.length > OPEN_SPANS_MAX ? parents(tree, OPEN_DEPTH) : new Set();
}

/** Nanoseconds as a duration in milliseconds: what `formatDuration` reads. */
export function nanosAsMs(nanos: number): number {
  return nanos / 1e6;
}
