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

export function useWaterfall(trace: Trace, tree: TraceTree): Waterfall {
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(() => initiallyCollapsed(tree));
  const [zoom, setWindow] = useState<Window | null>(null);
  const visible = useMemo(() => visibleRows(tree, collapsed), [tree, collapsed]);
  const colors = useMemo(() => serviceColors(tree), [tree]);
  const window = zoom ?? { fromNs: 0, toNs: Math.max(1, trace.durationNs) };
  const toggle = useCallback((row: number) => {
    setCollapsed((before) => {
      const next = new Set(before);
      if (!next.delete(row)) next.add(row);
      return next;
    });
  }, []);
  const reveal = useCallback(
    (row: number) => {
      setCollapsed((before) => {
        const above = ancestors(tree, row).filter((ancestor) => before.has(ancestor));
        if (above.length === 0) return before;
        const next = new Set(before);
        for (const ancestor of above) next.delete(ancestor);
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
    collapseAll: () => setCollapsed(parents(tree, 0)),
    expandAll: () => setCollapsed(new Set()),
  };
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
