/** The types of panels by their ids, which are those of Grafana where it has the type. */
import { type ComponentType, lazy } from "react";
import { readLogsOptions } from "./logs/options";
import type { PanelProps, PanelType } from "./panel";
import { readTableOptions } from "./table/options";
import { readTimeSeriesOptions } from "./time-series/options";
import { readTraceListOptions } from "./traces/options";

interface Registered {
  Component: ComponentType<PanelProps>;
  readOptions: (value: unknown) => unknown;
  load: () => Promise<unknown>;
}

/** The options of a type meet only the component of the same type. */
function registered<Options>({ load, readOptions }: PanelType<Options>): Registered {
  return { load, readOptions, Component: lazy(load) as unknown as ComponentType<PanelProps> };
}

const noOptions = (): unknown => undefined;

const PANELS = {
  timeseries: registered({
    load: () => import("./time-series/panel"),
    readOptions: readTimeSeriesOptions,
  }),
  logs: registered({ load: () => import("./logs/panel"), readOptions: readLogsOptions }),
  "log-volume": registered({ load: () => import("./logs/volume-panel"), readOptions: noOptions }),
  "trace-list": registered({ load: () => import("./traces/panel"), readOptions: readTraceListOptions }),
  "trace-scatter": registered({ load: () => import("./traces/scatter-panel"), readOptions: noOptions }),
  table: registered({ load: () => import("./table/panel"), readOptions: readTableOptions }),
} satisfies Record<string, Registered>;

export type PanelId = keyof typeof PANELS;

export function panelOf(id: string): Registered | undefined {
  return Object.hasOwn(PANELS, id) ? PANELS[id as PanelId] : undefined;
}

/** Loads the code of a panel before its data is there. */
export function preloadPanel(id: PanelId): void {
  void PANELS[id].load().catch(() => {});
}
