/** The states of fields over time. */
import { displayText, displayValue } from "../../data/display";
import { displayName } from "../../data/display-name";
import type { FieldConfig } from "../../data/field-config";
import { type Field, type Frame, timeField } from "../../data/frame";
import type { Zone } from "../../time/format";
import { colorOfValue } from "../color-mode";
import { colorOf, namedColor } from "../colors";
import { rangeOf } from "../values";
import type { StateOptions } from "./options";

export interface State {
  fromMs: number;
  toMs: number;
  text: string;
  color: string;
}

export interface StateRow {
  name: string;
  states: State[];
  /** The part of the colour that is seen. */
  opacity: number;
}

const ROWS_MAX = 100;

export function rowsOf(frames: Frame[], options: StateOptions, toMs: number, zone: Zone): StateRow[] {
  const shown = frames.filter(({ meta }) => meta.type !== "exemplars");
  const found = shown.flatMap((frame) => {
    const time = timeField(frame);
    if (!time) return [];
    return frame.fields
      .filter(
        (field) =>
          field.type !== "time" &&
          field.type !== "other" &&
          (field.config.custom?.hideFrom as { viz?: unknown })?.viz !== true,
      )
      .map((field) => ({ frame, time, field }));
  });
  const range = rangeOf(found.map(({ field }) => field));
  return found.slice(0, ROWS_MAX).map(({ frame, time, field }) => {
    const mode = options.boxes ? "thresholds" : "continuous-GrYlRd";
    const config = { color: { mode }, ...range, ...field.config };
    const fill = config.custom?.fillOpacity;
    return {
      name: displayName(field, frame, shown),
      states: statesOf(time.values, field, config, time.config.interval, options, toMs, zone),
      opacity: typeof fill === "number" ? Math.max(0.1, Math.min(1, fill / 100)) : 0.7,
    };
  });
}

/** A state lasts until the next value; a value that is missing ends it, unless nulls are connected. */
function statesOf(
  times: readonly number[],
  field: Field,
  config: FieldConfig,
  intervalMs: number | undefined,
  { merge, boxes }: StateOptions,
  endMs: number,
  zone: Zone,
): State[] {
  const connected = config.custom?.spanNulls === true;
  const stepMs = intervalMs ?? smallestStep(times) ?? 60_000;
  const states: State[] = [];
  times.forEach((fromMs, row) => {
    const value = field.values[row] ?? null;
    if (value === null) return;
    const last = states.at(-1);
    const next = boxes ? fromMs + stepMs : nextTime(times, field.values, row, connected);
    const gap = intervalMs !== undefined && next !== null && next - fromMs > intervalMs * 1.5 && !connected;
    const toMs = gap
      ? fromMs + stepMs
      : (next ?? Math.min(Math.max(endMs, fromMs), fromMs + (intervalMs ?? Number.POSITIVE_INFINITY)));
    const display = displayValue(value, config, zone);
    const text = displayText(value, config, zone);
    const color = colorOfValue(display, config, colorOf(text));
    if (merge && last && last.text === text && last.color === color && last.toMs >= fromMs) last.toMs = toMs;
    else states.push({ fromMs, toMs, text, color });
  });
  return states;
}

/** The time of the next value; null after the last. */
function nextTime(
  times: readonly number[],
  values: readonly unknown[],
  row: number,
  connected: boolean,
): number | null {
  let next = row + 1;
  while (connected && next < times.length && (values[next] ?? null) === null) next += 1;
  return times[next] ?? null;
}

function smallestStep(times: readonly number[]): number | null {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const positive = steps.filter((step) => step > 0);
  return positive.length > 0 ? positive.reduce((least, step) => Math.min(least, step)) : null;
}

const LEGEND_MAX = 20;

/** The texts of the states with their colours; none when every number has its own. */
export function legendOf(rows: StateRow[], frames: Frame[]): { name: string; color: string }[] {
  const steps = frames
    .flatMap(({ fields }) => fields)
    .find(({ type, config }) => type === "number" && config.thresholds && isByThresholds(config))?.config;
  if (steps?.thresholds && !steps.mappings?.length) {
    return steps.thresholds.steps.map(({ value, color }, index, all) => ({
      name: index === 0 ? `< ${displayText(all[1]?.value ?? value, steps)}` : `${displayText(value, steps)}+`,
      color: namedColor(color),
    }));
  }
  const found = new Map<string, string>();
  for (const { states } of rows)
    for (const { text, color } of states) {
      if (!found.has(text)) found.set(text, color);
      if (found.size > LEGEND_MAX) return [];
    }
  return [...found].map(([name, color]) => ({ name, color }));
}

function isByThresholds({ color }: FieldConfig): boolean {
  return color === undefined || color.mode === "thresholds";
}
