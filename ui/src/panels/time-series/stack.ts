/** The values that are drawn: those of the series, or in a stack the sums with the series below. */
import type { Reduced } from "../../data/reduce";
import type { Line } from "./model";

export interface Stacked {
  values: (number | null)[][];
  /** Pairs of series between which is filled: the upper in a stack, and the one below it. */
  bands: { upper: number; lower: number; negative: boolean }[];
}

/** Series with negative values only are stacked below zero. A hidden series takes no space. */
export function stacked(lines: Line[], shown: boolean[]): Stacked {
  const values = lines.map(({ values: given, style }) =>
    style.nulls === "zero" ? given.map((value) => value ?? 0) : given,
  );
  const bands: Stacked["bands"] = [];
  const stacks = new Map<string, number[]>();
  lines.forEach(({ style, scale, reduced }, index) => {
    if (!style.stack || !(shown[index] ?? true) || style.hidden.viz) return;
    const key = JSON.stringify([style.stack.group, scale, isNegative(reduced)]);
    stacks.set(key, [...(stacks.get(key) ?? []), index]);
  });
  for (const members of stacks.values()) {
    const first = lines[members[0] ?? 0];
    const percent = first?.style.stack?.percent ?? false;
    const negative = first !== undefined && isNegative(first.reduced);
    const totals = percent ? sums(members.map((index) => values[index] ?? [])) : null;
    let below: (number | null)[] | null = null;
    members.forEach((index, place) => {
      const row: (number | null)[] = (values[index] ?? []).map((value, at) => {
        const share = totals ? ratio(value ?? 0, Math.abs(totals[at] ?? 0)) : (value ?? 0);
        return (below?.[at] ?? 0) + share;
      });
      values[index] = row;
      below = row;
      const lower = members[place - 1];
      if (lower !== undefined) bands.push({ upper: index, lower, negative });
    });
  }
  return { values, bands };
}

function isNegative({ min, max }: Reduced): boolean {
  return (min ?? 0) < 0 && (max ?? 0) <= 0;
}

function sums(rows: (number | null)[][]): number[] {
  return (rows[0] ?? []).map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0));
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
