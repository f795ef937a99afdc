/** Reduces the values of a field to one, by the names of Grafana's reducers. */

export type Reducer =
  | "last"
  | "lastNotNull"
  | "first"
  | "firstNotNull"
  | "min"
  | "max"
  | "mean"
  | "sum"
  | "count"
  | "range"
  | "diff"
  | "allIsNull"
  | "allIsZero";

export type Reduced = Record<Exclude<Reducer, "allIsNull" | "allIsZero">, number | null> & {
  allIsNull: boolean;
  allIsZero: boolean;
};

/** All reducers in one pass. Nulls and NaN are left out, except by `first`, `last` and `count`. */
export function reduce(values: readonly (number | null)[]): Reduced {
  let first: number | null = null;
  let last: number | null = null;
  let min: number | null = null;
  let max: number | null = null;
  let sum = 0;
  let count = 0;
  let zero = true;
  for (const value of values) {
    if (value === null || Number.isNaN(value)) continue;
    if (first === null) first = value;
    last = value;
    if (min === null || value < min) min = value;
    if (max === null || value > max) max = value;
    sum += value;
    count += 1;
    if (value !== 0) zero = false;
  }
  const none = count === 0;
  return {
    first: values[0] ?? null,
    firstNotNull: first,
    last: values.at(-1) ?? null,
    lastNotNull: last,
    min,
    max,
    mean: none ? null : sum / count,
    sum: none ? null : sum,
    count: values.length,
    range: min === null || max === null ? null : max - min,
    diff: first === null || last === null ? null : last - first,
    allIsNull: none,
    allIsZero: zero && !none,
  };
}
