/** The critical path: the intervals of spans that determine the trace's duration. */
import type { TraceRow, TraceTree } from "./tree";

export interface Interval {
  fromNs: number;
  toNs: number;
}

/** A row, and the part of the trace in which the path goes through the row or its descendants. */
interface Step extends Interval {
  row: number;
}

/**
 * Walks back from the end of the trace: time after the last child ended belongs to the span, the time before to that
 * child. A child counts with its descendants, and also after the end of its parent: a request that only starts a task
 * is answered long before the task ends. Nothing is on the path while only the start of later work was pending.
 */
export function criticalPath(tree: TraceTree): Map<number, Interval[]> {
  const path = new Map<number, Interval[]>();
  const ends = subtreeEnds(tree);
  const roots = tree.rows.flatMap((row, index) => (row.parent === -1 ? [index] : []));
  // The trace itself is no span: it never runs, so that one of its roots is on the path at any time.
  const stack = childSteps(roots, { fromNs: 0, toNs: ends.reduce((a, b) => Math.max(a, b), 0) }, 0);
  for (let next = stack.pop(); next; next = stack.pop()) {
    const row = tree.rows[next.row];
    if (!row) continue;
    const endNs = endOf(row);
    const steps = childSteps(row.children, next, endNs);
    let cursor = next.toNs;
    for (const step of steps) {
      add(path, next.row, step.toNs, Math.min(cursor, endNs));
      cursor = step.fromNs;
    }
    add(path, next.row, next.fromNs, Math.min(cursor, endNs));
    stack.push(...steps);
  }
  return path;

  /** The children on the path within `part`, the last first. The parent itself runs until `endNs`. */
  function childSteps(children: number[], part: Interval, endNs: number): Step[] {
    const steps: Step[] = [];
    let cursor = part.toNs;
    const byEnd = children
      .map((row) => ({
        row,
        fromNs: Math.max(tree.rows[row]?.span.offsetNs ?? 0, part.fromNs),
        toNs: Math.min(ends[row] ?? 0, part.toNs),
      }))
      .sort((left, right) => right.toNs - left.toNs);
    for (const { row, fromNs, toNs } of byEnd) {
      // A running parent did not wait for a child that ended after the next one started.
      if (toNs > cursor && cursor <= endNs) continue;
      const untilNs = Math.min(toNs, cursor);
      if (untilNs <= fromNs) continue;
      steps.push({ row, fromNs, toNs: untilNs });
      cursor = fromNs;
    }
    return steps;
  }
}

/** When each row and its descendants have ended. Parents come before their children. */
function subtreeEnds(tree: TraceTree): number[] {
  const ends = tree.rows.map(endOf);
  for (let index = ends.length - 1; index >= 0; index--) {
    const parent = tree.rows[index]?.parent ?? -1;
    if (parent >= 0) ends[parent] = Math.max(ends[parent] ?? 0, ends[index] ?? 0);
  }
  return ends;
}

function endOf({ span }: TraceRow): number {
  return span.offsetNs + span.durationNs;
}

function add(path: Map<number, Interval[]>, row: number, fromNs: number, toNs: number): void {
  if (toNs <= fromNs) return;
  const intervals = path.get(row);
  if (intervals) intervals.push({ fromNs, toNs });
  else path.set(row, [{ fromNs, toNs }]);
}
