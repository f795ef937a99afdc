/** Panels in tests: with a fixed time range, and frames in few words. */
import { screen, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import type { FieldConfig } from "../data/field-config";
import { type Field, type Frame, frameOf, type Labels } from "../data/frame";
import { calendarOf } from "../time/calendar";
import { PAGE_TIME, RangeContext, type RangeState } from "../time/context";
import { renderComponent } from "./render";

const START = Date.UTC(2026, 10, 20, 15);
export const RANGE: RangeState = {
  raw: { from: "now-1h", to: "now" },
  range: { fromMs: START, toMs: START + 3_600_000 },
  nowMs: START + 3_600_000,
  problem: null,
  zone: "utc",
  setZone: () => {},
  calendar: calendarOf("utc"),
  view: PAGE_TIME,
  setView: () => {},
  refresh: undefined,
  setRefresh: () => {},
  setRaw: () => {},
  setRange: () => {},
  refreshNow: () => {},
};

export function renderPanel(panel: ReactNode) {
  const within = (children: ReactNode) => <RangeContext value={RANGE}>{children}</RangeContext>;
  const { user, rerender } = renderComponent(within(panel));
  return { user, rerender: (next: ReactNode) => rerender(within(next)) };
}

/** The element around the drawing of a chart, once the chart knows its size. */
export async function drawnChart(): Promise<HTMLElement> {
  const drawing = await screen.findByRole("img");
  await waitFor(() => {
    if (drawing.getAttribute("width") === "0") throw new Error("the chart has no size");
  });
  return drawing.parentElement as HTMLElement;
}

/** A time series with a value each minute. */
export function numbers(
  name: string,
  values: (number | null)[],
  config: FieldConfig = {},
  labels?: Labels,
): Frame {
  return frameOf(
    [
      {
        name: "Time",
        type: "time",
        values: values.map((_, index) => START + index * 60_000),
        config: { interval: 60_000 },
      },
      {
        name: "Value",
        type: "number",
        values,
        config: { displayNameFromDS: name, ...config },
        ...(labels ? { labels } : {}),
      },
    ],
    { meta: { type: "timeseries" } },
  );
}

/** A table with a column per name; its type is that of the first value. */
export function table(columns: Record<string, unknown[]>, config: Record<string, FieldConfig> = {}): Frame {
  const fields = Object.entries(columns).map(([name, values]) => {
    const first = values.find((value) => value !== null);
    const plain = typeof first;
    const type = plain === "number" || plain === "string" || plain === "boolean" ? plain : "other";
    return { name, type: name === "Time" ? "time" : type, values, config: config[name] ?? {} };
  });
  return frameOf(fields as Field[], { meta: { type: "table" } });
}
