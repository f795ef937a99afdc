/** The routes of the page, and the search parameters of each. */
import { createRoute, createRouter, lazyRouteComponent, type RouterHistory } from "@tanstack/react-router";
import { alertingRoutes } from "./alerting-routes";
import type { Health } from "./api/targets";
import { redirectAlertmanager, redirectRoutes } from "./redirects";
import { type Given, rootRoute } from "./root-route";
import { RouteError } from "./shell/route-error";
import { parseDuration } from "./time/duration";
import { oneOf, parseSearch, stringifySearch, text, texts, whole } from "./url/search";

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: ({ location }) => redirectAlertmanager(location.hash),
  component: lazyRouteComponent(() => import("./pages/home/home")),
});

export interface MetricsSearch {
  /** The queries A, B, … */
  expr?: string[];
  /** Letters of the disabled queries, separated by commas. */
  off?: string;
  view?: "chart" | "table";
  /** For example `15s`. Derived from the time range when absent. */
  step?: string;
  exemplars?: "off";
  /** The sorted column of the table, with a leading `-` when descending. */
  sort?: string;
  /** The same of the chart's legend. */
  legend?: string;
  /** Whether the list of metrics is open, its filter and its sorted column. */
  browse?: "on";
  find?: string;
  by?: string;
}

const metricsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/explore/metrics",
  validateSearch: (given: Given): MetricsSearch => {
    const expr = texts(given.expr).slice(0, 26);
    const step = text(given.step);
    return {
      expr: expr.length > 0 ? expr : undefined,
      off: text(given.off),
      view: oneOf(given.view, ["chart", "table"]),
      step: step && parseDuration(step) ? step : undefined,
      exemplars: oneOf(given.exemplars, ["off"]),
      sort: text(given.sort),
      legend: text(given.legend),
      browse: oneOf(given.browse, ["on"]),
      find: text(given.find),
      by: text(given.by),
    };
  },
  component: lazyRouteComponent(() => import("./pages/metrics/metrics")),
});

export interface LogsSearch {
  query?: string;
  limit?: number;
  wrap?: "on";
  /** What a row shows of a line: its message and fields when absent. */
  show?: "raw" | "json";
  /** The key of a line, which is shown opened. */
  line?: string;
}

const logsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/explore/logs",
  validateSearch: (given: Given): LogsSearch => ({
    query: text(given.query),
    limit: whole(given.limit, 10, 5_000),
    wrap: oneOf(given.wrap, ["on"]),
    show: oneOf(given.show, ["raw", "json"]),
    line: text(given.line)?.slice(0, 64),
  }),
  component: lazyRouteComponent(() => import("./pages/logs/logs")),
});

export interface TracesSearch {
  service?: string;
  operation?: string;
  /** logfmt: `http.status_code=500 tool=search`. */
  tags?: string;
  min?: string;
  max?: string;
  status?: "error";
  /** A TraceQL query. It replaces the form. */
  q?: string;
  limit?: number;
  sort?: "newest" | "longest" | "errors" | "spans";
}

const tracesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/explore/traces",
  validateSearch: (given: Given): TracesSearch => ({
    service: text(given.service),
    operation: text(given.operation),
    tags: text(given.tags),
    min: text(given.min),
    max: text(given.max),
    status: oneOf(given.status, ["error"]),
    q: text(given.q),
    limit: whole(given.limit, 1, 1_000),
    sort: oneOf(given.sort, ["newest", "longest", "errors", "spans"]),
  }),
  component: lazyRouteComponent(() => import("./pages/traces/traces")),
});

export interface TraceSearch {
  span?: string;
  find?: string;
  critical?: "on";
  /** The visible part of the trace, in epoch nanoseconds: `1796068437244509454-1796068438244509454`. */
  zoom?: string;
}

const traceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/trace/$traceId",
  validateSearch: (given: Given): TraceSearch => ({
    span: text(given.span),
    find: text(given.find) ?? text(given.uiFind),
    critical: oneOf(given.critical, ["on"]),
    zoom: text(given.zoom)?.slice(0, 64),
  }),
  component: lazyRouteComponent(() => import("./pages/trace/trace")),
});

export interface SqlSearch {
  query?: string;
}

const sqlRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/explore/sql",
  validateSearch: (given: Given): SqlSearch => ({ query: text(given.query) }),
  component: lazyRouteComponent(() => import("./pages/sql/sql")),
});

export interface TargetsSearch {
  find?: string;
  /** Active targets of any health when absent. */
  health?: Health;
  pool?: string;
  /** The pools whose targets are hidden. */
  closed?: string[];
  /** The target whose discovered labels are shown. */
  target?: string;
}

const targetsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/targets",
  validateSearch: (given: Given): TargetsSearch => {
    const closed = texts(given.closed);
    return {
      find: text(given.find) ?? text(given.search),
      health: oneOf(given.health, ["up", "down", "unknown", "dropped"]),
      pool: text(given.pool),
      closed: closed.length > 0 ? closed : undefined,
      target: text(given.target),
    };
  },
  component: lazyRouteComponent(() => import("./pages/targets/targets")),
});

export interface CardinalitySearch {
  /** The number of rows of each table. */
  limit?: number;
}

const cardinalityRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cardinality",
  validateSearch: (given: Given): CardinalitySearch => ({ limit: whole(given.limit, 1, 1_000) }),
  component: lazyRouteComponent(() => import("./pages/cardinality/cardinality")),
});

export interface DashboardsSearch {
  find?: string;
  /** Only dashboards with all of these tags. */
  tag?: string[];
  starred?: "on";
  /** By folder when absent. */
  sort?: "title";
}

const dashboardsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dashboards",
  validateSearch: (given: Given): DashboardsSearch => {
    const tag = texts(given.tag);
    return {
      find: text(given.find),
      tag: tag.length > 0 ? tag : undefined,
      starred: oneOf(given.starred, ["on"]),
      sort: oneOf(given.sort, ["title"]),
    };
  },
  component: lazyRouteComponent(() => import("./pages/dashboards/list")),
});

const DASHBOARD_EDITS = [
  "layout",
  "settings",
  "variables",
  "links",
  "annotations",
  "json",
  "history",
] as const;

/** Grafana's parameters, and ours. */
export interface DashboardSearch {
  /** The panel that fills the view: its key, or its number. */
  viewPanel?: string;
  /** The panel that is edited. */
  editPanel?: string;
  /** Without navigation and controls. */
  kiosk?: string;
  inspect?: string;
  inspectTab?: "data" | "query" | "json";
  /** Rows whose state is not the saved one. */
  rows?: string[];
  /** The open tabs. */
  dtab?: string[];
  /** Annotation queries whose state is not the saved one. */
  annotations?: string[];
  /** The layout while it is edited, or a part of the settings in place of the panels. */
  edit?: (typeof DASHBOARD_EDITS)[number];
  /** The values of a variable. */
  [variable: `var-${string}`]: string | string[];
}

const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/d/$uid",
  validateSearch: (given: Given): DashboardSearch => {
    const rows = texts(given.rows);
    const dtab = texts(given.dtab);
    const annotations = texts(given.annotations);
    return {
      ...Object.fromEntries(Object.entries(given).filter(([key]) => key.startsWith("var-"))),
      viewPanel: text(given.viewPanel),
      editPanel: text(given.editPanel),
      kiosk: given.kiosk === undefined || given.kiosk === "false" ? undefined : "1",
      inspect: text(given.inspect),
      inspectTab: oneOf(given.inspectTab, ["data", "query", "json"]),
      rows: rows.length > 0 ? rows : undefined,
      dtab: dtab.length > 0 ? dtab : undefined,
      annotations: annotations.length > 0 ? annotations : undefined,
      edit: oneOf(given.edit, DASHBOARD_EDITS),
    };
  },
  component: lazyRouteComponent(() => import("./pages/dashboards/dashboard")),
});

const routeTree = rootRoute.addChildren([
  homeRoute,
  metricsRoute,
  logsRoute,
  tracesRoute,
  traceRoute,
  sqlRoute,
  targetsRoute,
  cardinalityRoute,
  dashboardsRoute,
  dashboardRoute,
  ...alertingRoutes,
  ...redirectRoutes,
]);

/** The router of the page. The history is that of the browser, unless a test passes another. */
export function createPageRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    ...(history ? { history } : {}),
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultErrorComponent: RouteError,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
