/** Candles: the first, largest, least and last value of each interval. */
import { displayName } from "../../data/display-name";
import type { FieldConfig } from "../../data/field-config";
import { type Frame, type NumberField, numberFields, timeField } from "../../data/frame";
import type { CandlestickOptions } from "./options";

export interface Candle {
  timeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number | null;
}

export interface Candles {
  candles: Candle[];
  stepMs: number;
  config: FieldConfig;
  min: number;
  max: number;
  volumeMax: number;
}

export function candlesOf(frames: Frame[], { fields: names }: CandlestickOptions): Candles | null {
  for (const frame of frames) {
    const time = timeField(frame);
    const found = time && fieldsOf(frame, names);
    if (!time || !found) continue;
    const { open, high, low, close, volume } = found;
    const candles = Array.from(time.values).flatMap((timeMs, row): Candle[] => {
      const [first, last] = [open.values[row] ?? null, close.values[row] ?? null];
      if (first === null || last === null) return [];
      const [top, foot] = [high?.values[row] ?? null, low?.values[row] ?? null];
      return [
        {
          timeMs,
          open: first,
          close: last,
          high: Math.max(first, last, top ?? first),
          low: Math.min(first, last, foot ?? first),
          volume: volume?.values[row] ?? null,
        },
      ];
    });
    if (candles.length === 0) continue;
    const steps = candles.slice(1).map(({ timeMs }, index) => timeMs - (candles[index]?.timeMs ?? timeMs));
    return {
      candles,
      stepMs: steps.length > 0 ? Math.max(1, Math.min(...steps)) : 60_000,
      config: close.config,
      min: Math.min(...candles.map(({ low: value }) => value)),
      max: Math.max(...candles.map(({ high: value }) => value)),
      volumeMax: Math.max(1e-9, ...candles.map(({ volume: value }) => value ?? 0)),
    };
  }
  return null;
}

/** By the configured names, by their own names, or in the order of the fields. */
function fieldsOf(frame: Frame, names: CandlestickOptions["fields"]) {
  const numbers = numberFields(frame);
  const named = (name: string, own: string) =>
    numbers.find((field) =>
      name ? field.name === name || displayName(field, frame) === name : field.name.toLowerCase() === own,
    );
  const open = named(names.open, "open") ?? numbers[0];
  const close = named(names.close, "close") ?? numbers[Math.min(3, numbers.length - 1)];
  if (!open || !close) return null;
  return {
    open,
    close,
    high: named(names.high, "high") ?? other(numbers, 1),
    low: named(names.low, "low") ?? other(numbers, 2),
    volume: named(names.volume, "volume") ?? numbers[4],
  };
}

function other(numbers: NumberField[], index: number): NumberField | undefined {
  return numbers.length >= 4 ? numbers[index] : undefined;
}
