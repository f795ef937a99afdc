/** The calculations that `reduce` does not make in its pass: those of legends and panels, by Grafana's names. */
import { type Reduced, reduce } from "./reduce";

type Values = readonly (number | null)[];

const finite = (values: Values) =>
  values.filter((value): value is number => value !== null && !Number.isNaN(value));

const OTHERS: Record<string, (values: number[]) => number | null> = {
  median: (values) => percentile(values, 50),
  delta: (values) =>
    values.slice(1).reduce((sum, value, at) => sum + Math.max(0, value - (values[at] ?? value)), 0),
  step: (values) => smallest(values.slice(1).map((value, at) => value - (values[at] ?? 0))),
  diffperc: ([first, ...rest]) =>
    first === undefined || first === 0 ? null : ((rest.at(-1) ?? first) - first) / first,
  logmin: (values) => smallest(values.filter((value) => value > 0)),
  changeCount: (values) => values.filter((value, at) => at > 0 && value !== values[at - 1]).length,
  distinctCount: (values) => new Set(values).size,
  variance,
  stdDev: (values) => {
    const found = variance(values);
    return found === null ? null : Math.sqrt(found);
  },
};

/** One calculation; null when the values have none, or when the name is unknown. */
export function calculate(values: Values, name: string, reduced: Reduced = reduce(values)): number | null {
  if (Object.hasOwn(reduced, name)) {
    const found = reduced[name as keyof Reduced];
    return typeof found === "boolean" ? Number(found) : found;
  }
  const rank = /^p(\d{1,2})$/.exec(name)?.[1];
  if (rank) return percentile(finite(values), Number(rank));
  return Object.hasOwn(OTHERS, name) ? (OTHERS[name]?.(finite(values)) ?? null) : null;
}

/** The names as they are shown. */
const TITLES: Record<string, string> = {
  lastNotNull: "Last",
  last: "Last",
  firstNotNull: "First",
  first: "First",
  mean: "Mean",
  sum: "Total",
  diff: "Difference",
  diffperc: "Difference %",
  stdDev: "StdDev",
  distinctCount: "Distinct",
  changeCount: "Changes",
};

export function calculationTitle(name: string): string {
  return TITLES[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

function smallest(values: number[]): number | null {
  return values.length > 0 ? values.reduce((least, value) => Math.min(least, value)) : null;
}

/** By the nearest rank. */
function percentile(values: number[], rank: number): number | null {
  const sorted = [...values].sort((left, right) => left - right);
  if (rank === 50 && sorted.length > 0 && sorted.length % 2 === 0)
    return ((sorted[sorted.length / 2 - 1] ?? 0) + (sorted[sorted.length / 2] ?? 0)) / 2;
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * rank) / 100))] ?? null;
}

/** Of a population. */
function variance(values: number[]): number | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
