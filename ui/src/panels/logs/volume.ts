/** The number of log lines over time, by level. */
import { type Frame, numberFields, timeField } from "../../data/frame";
import { LEVEL_ORDER, type Level } from "../colors";
import { levelOf } from "./line";

export interface Bar {
  fromMs: number;
  toMs: number;
  counts: Partial<Record<Level, number>>;
}

export interface Volume {
  bars: Bar[];
  levels: { level: Level; count: number }[];
  total: number;
}

/** The series of a count by level: each point counts the interval before it. */
export function volumeOf(frames: Frame[]): Volume {
  const bars = new Map<number, Bar>();
  const totals = new Map<Level, number>();
  for (const frame of frames) {
    const time = timeField(frame);
    const [field] = numberFields(frame);
    const level = levelOf(field?.labels ?? {});
    time?.values.forEach((toMs, index) => {
      const count = field?.values[index] ?? 0;
      if (!(count > 0)) return;
      const bar = bars.get(toMs) ?? { fromMs: toMs - (time.config.interval ?? 0), toMs, counts: {} };
      bar.counts[level] = (bar.counts[level] ?? 0) + count;
      bars.set(toMs, bar);
      totals.set(level, (totals.get(level) ?? 0) + count);
    });
  }
  const levels = LEVEL_ORDER.filter((level) => totals.has(level)).map((level) => ({
    level,
    count: totals.get(level) ?? 0,
  }));
  return { bars: [...bars.values()], levels, total: levels.reduce((sum, { count }) => sum + count, 0) };
}
