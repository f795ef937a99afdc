/** The options of the candlestick panel. */
import { record, string } from "../../api/decode";

export interface CandlestickOptions {
  mode: "candles" | "volume" | "candles+volume";
  colors: { up: string; down: string; flat: string };
  /** The names of the fields; empty for a field of the same name, or the next number. */
  fields: { open: string; high: string; low: string; close: string; volume: string };
  tooltip: boolean;
}

export function readCandlestickOptions(value: unknown): CandlestickOptions {
  const { mode, colors, fields, tooltip } = record(value);
  const { up, down, flat } = record(colors);
  const { open, high, low, close, volume } = record(fields);
  return {
    mode: mode === "candles" || mode === "volume" ? mode : "candles+volume",
    colors: { up: string(up, "green"), down: string(down, "red"), flat: string(flat, "text") },
    fields: {
      open: string(open),
      high: string(high),
      low: string(low),
      close: string(close),
      volume: string(volume),
    },
    tooltip: record(tooltip).mode !== "none",
  };
}
