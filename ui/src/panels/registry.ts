/** The types of panels by their ids, which are those of Grafana where it has the type. */
import { type ComponentType, lazy } from "react";
import { readBarChartOptions } from "./bar-chart/options";
import { readBarGaugeOptions } from "./bar-gauge/options";
import { readCandlestickOptions } from "./candlestick/options";
import { readGaugeOptions } from "./gauge/options";
import { readHeatmapOptions } from "./heatmap/options";
import { readHistogramOptions } from "./histogram/options";
import { readAlertListOptions, readAnnotationListOptions, readDashboardListOptions } from "./lists/options";
import { readLogsOptions } from "./logs/options";
import type { PanelProps, PanelType } from "./panel";
import { readPieChartOptions } from "./pie-chart/options";
import { readStatOptions } from "./stat/options";
import { readStateTimelineOptions, readStatusHistoryOptions } from "./state-timeline/options";
import { readTableOptions } from "./table/options";
import { readTextOptions } from "./text/options";
import { readTimeSeriesOptions } from "./time-series/options";
import { readTraceListOptions } from "./traces/options";
import { readTrendOptions, readXyChartOptions } from "./xy-chart/options";

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
  stat: registered({ load: () => import("./stat/panel"), readOptions: readStatOptions }),
  gauge: registered({ load: () => import("./gauge/panel"), readOptions: readGaugeOptions }),
  bargauge: registered({ load: () => import("./bar-gauge/panel"), readOptions: readBarGaugeOptions }),
  piechart: registered({ load: () => import("./pie-chart/panel"), readOptions: readPieChartOptions }),
  heatmap: registered({ load: () => import("./heatmap/panel"), readOptions: readHeatmapOptions }),
  text: registered({ load: () => import("./text/panel"), readOptions: readTextOptions }),
  barchart: registered({ load: () => import("./bar-chart/panel"), readOptions: readBarChartOptions }),
  "state-timeline": registered({
    load: () => import("./state-timeline/panel"),
    readOptions: readStateTimelineOptions,
  }),
  "status-history": registered({
    load: () => import("./state-timeline/panel"),
    readOptions: readStatusHistoryOptions,
  }),
  histogram: registered({ load: () => import("./histogram/panel"), readOptions: readHistogramOptions }),
  xychart: registered({ load: () => import("./xy-chart/panel"), readOptions: readXyChartOptions }),
  trend: registered({ load: () => import("./xy-chart/panel"), readOptions: readTrendOptions }),
  candlestick: registered({ load: () => import("./candlestick/panel"), readOptions: readCandlestickOptions }),
  nodeGraph: registered({ load: () => import("./node-graph/panel"), readOptions: noOptions }),
  alertlist: registered({
    load: () => import("./lists/alert-list-panel"),
    readOptions: readAlertListOptions,
  }),
  dashlist: registered({
    load: () => import("./lists/dashboard-list-panel"),
    readOptions: readDashboardListOptions,
  }),
  annolist: registered({
    load: () => import("./lists/annotation-list-panel"),
    readOptions: readAnnotationListOptions,
  }),
  logs: registered({ load: () => import("./logs/panel"), readOptions: readLogsOptions }),
  "log-volume": registered({ load: () => import("./logs/volume-panel"), readOptions: noOptions }),
  "trace-list": registered({ load: () => import("./traces/panel"), readOptions: readTraceListOptions }),
  traces: registered({ load: () => import("./traces/panel"), readOptions: readTraceListOptions }),
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
