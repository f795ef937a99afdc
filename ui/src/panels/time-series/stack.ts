/** The values that are drawn: those of the series, or in a stack the sums with the series below. */
import type { AlignedValues } from "./align";
import type { Line } from "./model";
import type { LineStyle } from "./style";

export interface Stacked {
  values: AlignedValues[];
  /** Pairs of series between which is filled: in a stack, or where the configuration says so. */
  bands: { upper: number; lower: number; negative: boolean }[];
}

/** Series with negative values only are stacked below zero. A hidden series takes no space. */
export function stacked(lines: Line[], shown: boolean[]): Stacked {
  const values = lines.map(({ aligned: given, style: { nulls, negated } }) =>
    nulls === "zero" || negated ? given.map((value) => drawn(value, nulls, negated)) : given,
  );
  const bands: Stacked["bands"] = [];
  const stacks = new Map<string, number[]>();
  const isShown = (index: number) => (shown[index] ?? true) && lines[index]?.style.hidden.viz !== true;
  lines.forEach((line, index) => {
    const { style, scale } = line;
    if (!isShown(index)) return;
    const lower = style.fillBelowTo ? lines.findIndex(({ name }) => name === style.fillBelowTo) : -1;
    if (lower >= 0 && isShown(lower)) bands.push({ upper: index, lower, negative: false });
    if (!style.stack) return;
    const key = JSON.stringify([style.stack.group, scale, isNegative(line)]);
    stacks.set(key, [...(stacks.get(key) ?? []), index]);
  });
  for (const members of stacks.values()) {
    const first = lines[members[0] ?? 0];
    const percent = first?.style.stack?.percent ?? false;
    const negative = first !== undefined && isNegative(first);
    const totals = percent ? sums(members.map((index) => values[index] ?? [])) : null;
    let below: AlignedValues | null = null;
    members.forEach((index, place) => {
      const row: AlignedValues = (values[index] ?? []).map((value, at) => {
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

function drawn(value: AlignedValues[number], nulls: LineStyle["nulls"], negated: boolean) {
  const given = value === null && nulls === "zero" ? 0 : value;
  return negated && given != null ? -given : given;
}

function isNegative({ style, reduced: { min, max } }: Line): boolean {
  const [low, high] = style.negated ? [-(max ?? 0), -(min ?? 0)] : [min ?? 0, max ?? 0];
  return low < 0 && high <= 0;
}

function sums(rows: AlignedValues[]): number[] {
  return (rows[0] ?? []).map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0));
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
