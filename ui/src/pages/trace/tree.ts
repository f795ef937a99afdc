/** Orders spans as rows of a waterfall: parents before children, by start. Linear and not recursive. */
import type { Span, Trace } from "../../api/otlp";
import { NOT_RECEIVED, parentsOf } from "./parents";

export interface TraceRow {
  span: Span;
  /** Its span id. A further row of the same id has a number after it, so that each can be selected. */
  key: string;
  depth: number;
  /** Row of the parent, or -1. */
  parent: number;
  /** Rows of the children, by start. */
  children: number[];
  /** Row of the last descendant; its own row when it has none. */
  last: number;
  /** The parent is not in the trace. */
  orphan: boolean;
  /** Errors in the subtree, this span not counted. */
  errorsBelow: number;
  /** Duration that no child covers, in nanoseconds. */
  selfNs: number;
}

export interface TraceTree {
  rows: TraceRow[];
  /** By key. */
  rowOf: Map<string, number>;
  depthMax: number;
  errors: number;
  services: { name: string; spans: number; errors: number; selfNs: number }[];
}

export function buildTree(trace: Trace): TraceTree {
  const { spans } = trace;
  const { childrenOf, roots, orphans } = link(spans);
  const rows: TraceRow[] = [];
  const rowOfSpan = new Int32Array(spans.length).fill(-1);
  const rowOf = new Map<string, number>();
  const rowsOfId = new Map<string, number>();
  const stack = roots.map((span) => ({ span, parent: -1, depth: 0 })).reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const span = spans[next.span];
    if (!span || rowOfSpan[next.span] !== -1) continue;
    const row = rows.length;
    rowOfSpan[next.span] = row;
    const { parent, depth } = next;
    const count = (rowsOfId.get(span.spanId) ?? 0) + 1;
    rowsOfId.set(span.spanId, count);
    const key = count === 1 ? span.spanId : `${span.spanId}-${count}`;
    rowOf.set(key, row);
    rows.push({
      span,
      key,
      depth,
      parent,
      children: [],
      last: row,
      orphan: orphans.has(next.span),
      errorsBelow: 0,
      selfNs: 0,
    });
    if (parent >= 0) rows[parent]?.children.push(row);
    const children = childrenOf[next.span] ?? [];
    for (let index = children.length - 1; index >= 0; index -= 1) {
      stack.push({ span: children[index] ?? -1, parent: row, depth: depth + 1 });
    }
  }
  return { rows, rowOf, ...summed(rows) };
}

function byStart(spans: Span[]): (left: number, right: number) => number {
  return (left, right) => {
    const [first, second] = [spans[left], spans[right]];
    if (!first || !second) return 0;
    return first.offsetNs - second.offsetNs || second.durationNs - first.durationNs;
  };
}

/** Children and roots by index. A span whose ancestors form a cycle becomes a root, so that it is shown. */
function link(spans: Span[]) {
  const childrenOf: number[][] = spans.map(() => []);
  const roots: number[] = [];
  const orphans = new Set<number>();
  parentsOf(spans).forEach((parent, index) => {
    if (parent >= 0) childrenOf[parent]?.push(index);
    else roots.push(index);
    if (parent === NOT_RECEIVED) orphans.add(index);
  });
  const order = byStart(spans);
  for (const children of childrenOf) children.sort(order);
  const reached = reachable(roots, childrenOf, spans.length);
  const cycles = spans
    .map((_, index) => index)
    .filter((index) => !reached[index])
    .sort(order);
  for (const index of cycles) {
    if (reached[index]) continue;
    roots.push(index);
    orphans.add(index);
    reachable([index], childrenOf, spans.length, reached);
  }
  return { childrenOf, roots: roots.sort(order), orphans };
}

function reachable(from: number[], childrenOf: number[][], count: number, reached = new Uint8Array(count)) {
  const stack = [...from];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (reached[next]) continue;
    reached[next] = 1;
    for (const child of childrenOf[next] ?? []) stack.push(child);
  }
  return reached;
}

/** Sums over subtrees. Rows are in preorder, so a backward loop visits children before their parents. */
function summed(rows: TraceRow[]): Omit<TraceTree, "rows" | "rowOf"> {
  const services = new Map<string, TraceTree["services"][number]>();
  let depthMax = 0;
  let errors = 0;
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (!row) continue;
    const { span } = row;
    const failed = span.status === "error" ? 1 : 0;
    row.selfNs = selfTime(row, rows);
    depthMax = Math.max(depthMax, row.depth);
    errors += failed;
    const parent = rows[row.parent];
    if (parent) {
      parent.errorsBelow += row.errorsBelow + failed;
      parent.last = Math.max(parent.last, row.last);
    }
    const name = span.resource.service;
    const service = services.get(name) ?? { name, spans: 0, errors: 0, selfNs: 0 };
    service.spans += 1;
    service.errors += failed;
    service.selfNs += row.selfNs;
    services.set(name, service);
  }
  const ordered = [...services.values()].sort((left, right) => right.selfNs - left.selfNs);
  return { depthMax, errors, services: ordered };
}

/** The time that no child covers. Children may overlap. */
function selfTime(row: TraceRow, rows: TraceRow[]): number {
  const start = row.span.offsetNs;
  const end = start + row.span.durationNs;
  let covered = 0;
  let until = start;
  for (const child of row.children) {
    const span = rows[child]?.span;
    if (!span) continue;
    const from = Math.max(until, span.offsetNs);
    const to = Math.min(end, span.offsetNs + span.durationNs);
    if (to > from) {
      covered += to - from;
      until = to;
    }
  }
  return Math.max(0, row.span.durationNs - covered);
}

/** The visible rows when the given ones are collapsed. */
export function visibleRows(tree: TraceTree, collapsed: ReadonlySet<number>): number[] {
  const visible: number[] = [];
  for (let index = 0; index < tree.rows.length; index += 1) {
    visible.push(index);
    const row = tree.rows[index];
    if (row && collapsed.has(index)) index = row.last;
  }
  return visible;
}

/** The ancestors of a row, nearest first. */
export function ancestors(tree: TraceTree, row: number): number[] {
  const found: number[] = [];
  for (let at = tree.rows[row]?.parent ?? -1; at >= 0; at = tree.rows[at]?.parent ?? -1) found.push(at);
  return found;
}
