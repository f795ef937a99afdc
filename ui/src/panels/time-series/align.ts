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
  /** For each series a value for each time; null where it has none. Only finite numbers can be drawn. */
  values: (number | null)[][];
}

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
  for (const { times, interval, gapMs } of series) {
    const longest = gapMs ?? (interval ? interval * 1.5 : Number.POSITIVE_INFINITY);
    for (let index = 0; index < times.length; index += 1) {
      const time = times[index] ?? 0;
      const before = times[index - 1];
      // A time without a value makes the gap visible.
      if (before !== undefined && time - before > longest)
        all.add(before + Math.min(interval ?? longest, longest));
      all.add(time);
    }
  }
  const times = [...all].sort((left, right) => left - right);
  const slots = new Map(times.map((time, index) => [time, index]));
  const values = series.map((one) => {
    const row = new Array<number | null>(times.length).fill(null);
    one.times.forEach((time, index) => {
      row[slots.get(time) ?? 0] = drawable(one.values[index]);
    });
    return row;
  });
  return { times, values };
}

function drawable(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
