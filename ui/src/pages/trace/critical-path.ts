/** The critical path: the intervals of spans that determine the trace's duration. */
import type { TraceTree } from "./tree";

export interface Interval {
  fromNs: number;
  toNs: number;
}

/**
 * Walks back from the end of the longest root: time after the last child ended belongs to the span, the time before
 * to that child. A child that ends after its parent is cut at the end of the parent.
 */
export function criticalPath(tree: TraceTree): Map<number, Interval[]> {
  const path = new Map<number, Interval[]>();
  const root = longestRoot(tree);
  const start = tree.rows[root];
  if (!start) return path;
  const stack = [
    { row: root, untilNs: start.span.offsetNs + start.span.durationNs, sinceNs: start.span.offsetNs },
  ];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const row = tree.rows[next.row];
    if (!row) continue;
    const fromNs = Math.max(row.span.offsetNs, next.sinceNs);
    let cursor = Math.min(row.span.offsetNs + row.span.durationNs, next.untilNs);
    const children = row.children
      .map((child) => ({ child, span: tree.rows[child]?.span }))
      .map(({ child, span }) => ({
        child,
        from: span?.offsetNs ?? 0,
        to: Math.min((span?.offsetNs ?? 0) + (span?.durationNs ?? 0), cursor),
      }))
      .sort((left, right) => right.to - left.to);
    for (const { child, from, to } of children) {
      const until = Math.min(to, cursor);
      if (until <= Math.max(from, fromNs) || to > cursor) continue;
      add(path, next.row, until, cursor);
      stack.push({ row: child, untilNs: until, sinceNs: fromNs });
      cursor = Math.max(from, fromNs);
    }
    add(path, next.row, fromNs, cursor);
  }
  return path;
}

function longestRoot(tree: TraceTree): number {
  let best = 0;
  tree.rows.forEach((row, index) => {
    if (row.parent === -1 && row.span.durationNs > (tree.rows[best]?.span.durationNs ?? 0)) best = index;
  });
  return best;
}

function add(path: Map<number, Interval[]>, row: number, fromNs: number, toNs: number): void {
  if (toNs <= fromNs) return;
  const intervals = path.get(row);
  if (intervals) intervals.push({ fromNs, toNs });
  else path.set(row, [{ fromNs, toNs }]);
}
