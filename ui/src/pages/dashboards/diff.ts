/** The difference of two texts by lines, after Myers: "An O(ND) Difference Algorithm and Its Variations". */

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
}

/** Of texts with more differences than this, what differs is shown as a whole. */
const DIFFERENCES_MAX = 2_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const [left, right] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  )
    end += 1;
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [
    ...left.slice(0, start).map(same),
    ...middle(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...left.slice(left.length - end).map(same),
  ];
}

function middle(left: string[], right: string[]): DiffLine[] {
  const trace = furthestPaths(left, right);
  if (!trace)
    return [
      ...left.map((text): DiffLine => ({ kind: "removed", text })),
      ...right.map((text): DiffLine => ({ kind: "added", text })),
    ];
  return backtracked(trace, left, right);
}

/** For each number of differences, how far in `left` each diagonal is reached; null beyond the limit. */
function furthestPaths(left: string[], right: string[]): Map<number, number>[] | null {
  const reached = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let count = 0; count <= Math.min(left.length + right.length, DIFFERENCES_MAX); count += 1) {
    trace.push(new Map(reached));
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = startOf(reached, diagonal, count);
      while (x < left.length && x - diagonal < right.length && left[x] === right[x - diagonal]) x += 1;
      reached.set(diagonal, x);
      if (x >= left.length && x - diagonal >= right.length) return trace;
    }
  }
  return null;
}

/** Where a diagonal begins: one line below the diagonal above, or one to the right of that below. */
function startOf(reached: Map<number, number>, diagonal: number, count: number): number {
  const [before, after] = [reached.get(diagonal - 1) ?? -1, reached.get(diagonal + 1) ?? -1];
  return diagonal === -count || (diagonal !== count && before < after) ? after : before + 1;
}

function backtracked(trace: Map<number, number>[], left: string[], right: string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [left.length, right.length];
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const reached = trace[count] ?? new Map<number, number>();
    const diagonal = x - y;
    const down =
      diagonal === -count ||
      (diagonal !== count && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1));
    const from = down ? diagonal + 1 : diagonal - 1;
    const beforeX = reached.get(from) ?? 0;
    const beforeY = beforeX - from;
    while (x > beforeX && y > beforeY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      lines.push({ kind: "same", text: left[x] ?? "" });
    }
    if (count === 0) break;
    if (down) lines.push({ kind: "added", text: right[y - 1] ?? "" });
    else lines.push({ kind: "removed", text: left[x - 1] ?? "" });
    [x, y] = [beforeX, beforeY];
  }
  return lines.reverse();
}

/** The changed lines with some that are the same around them; null stands for those left out. */
export function withContext(lines: DiffLine[], around = 3): (DiffLine | null)[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== "same"),
  );
  return lines.flatMap((line, index): (DiffLine | null)[] =>
    near[index] ? [line] : index === 0 || near[index - 1] ? [null] : [],
  );
}
