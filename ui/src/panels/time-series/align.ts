/** Brings series to the same times, because a plot has one column of times for all of them. */

export interface TimedValues {
  /** Epoch milliseconds, ascending. */
  times: readonly number[];
  values: readonly (number | null)[];
  /** The distance of two times, where it is known; a missing time is then a gap. */
  interval: number | undefined;
  /** A longer distance is a gap, also where the usual distance is not known. */
  gapMs?: number | null;
}

export interface Aligned {
  times: number[];
  /** For each series a value for each time. Only finite numbers can be drawn. */
  values: AlignedValues[];
}

/** Null is a gap; undefined is a time of another series, at which this one is drawn through. */
export type AlignedValues = (number | null | undefined)[];

const GRID_MAX = 50_000;

export function align(series: TimedValues[]): Aligned {
  return onGrid(series) ?? joined(series);
}

/** The answers of range queries: multiples of one step, so that no time has to be searched. */
function onGrid(series: TimedValues[]): Aligned | null {
  const filled = series.filter(({ times }) => times.length > 0);
  const interval = filled[0]?.interval;
  if (!interval || filled.some((one) => one.interval !== interval)) return null;
  const start = Math.min(...filled.map(({ times }) => times[0] ?? 0));
  const end = Math.max(...filled.map(({ times }) => times.at(-1) ?? 0));
  const count = Math.round((end - start) / interval) + 1;
  if (count > GRID_MAX || filled.some(({ times }) => offGrid((times[0] ?? 0) - start, interval))) return null;
  const times = Array.from({ length: count }, (_, index) => start + index * interval);
  const values = series.map((one) => {
    const row = new Array<number | null>(count).fill(null);
    for (let index = 0; index < one.times.length; index += 1) {
      row[Math.round(((one.times[index] ?? 0) - start) / interval)] = drawable(one.values[index]);
    }
    return row;
  });
  return { times, values };
}

function offGrid(distance: number, interval: number): boolean {
  return Math.abs(distance - Math.round(distance / interval) * interval) > 0.5;
}

function joined(series: TimedValues[]): Aligned {
  const all = new Set<number>();
  const gaps = series.map(gapsOf);
  series.forEach(({ times }, index) => {
    for (const time of times) all.add(time);
    // A time without a value makes the gap visible.
    for (const time of gaps[index] ?? []) all.add(time);
  });
  const times = [...all].sort((left, right) => left - right);
  const slots = new Map(times.map((time, index) => [time, index]));
  const values = series.map((one, index) => {
    const row: AlignedValues = new Array(times.length).fill(undefined);
    for (const time of gaps[index] ?? []) row[slots.get(time) ?? 0] = null;
    one.times.forEach((time, at) => {
      row[slots.get(time) ?? 0] = drawable(one.values[at]);
    });
    return row;
  });
  return { times, values };
}

/** A time in each distance that is too long. */
function gapsOf({ times, interval, gapMs }: TimedValues): number[] {
  const longest = gapMs ?? (interval ? interval * 1.5 : Number.POSITIVE_INFINITY);
  return times.flatMap((time, index) => {
    const before = times[index - 1];
    if (before === undefined || time - before <= longest) return [];
    return [before + Math.min(interval ?? longest, longest)];
  });
}

function drawable(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
