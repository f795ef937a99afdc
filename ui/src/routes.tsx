/** The routes of the page, and the search parameters of each. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import type { Health } from "./api/targets";
import { NotFound, RouteError } from "./shell/route-error";
import { Shell } from "./shell/shell";
import { parseDuration } from "./time/duration";
import { oneOf, parseSearch, stringifySearch, text, texts, whole } from "./url/search";

type Given = Record<string, unknown>;

/** Search parameters of every view. */
export interface RangeSearch {
  from?: string;
  to?: string;
  refresh?: string;
}

const rootRoute = createRootRoute({
  component: Shell,
  validateSearch: (given: Given): RangeSearch => {
    const refresh = text(given.refresh);
    return {
      from: text(given.from)?.slice(0, 64),
      to: text(given.to)?.slice(0, 64),
      refresh: refresh && parseDuration(refresh) !== null ? refresh : undefined,
    };
  },
  search: { middlewares: [retainSearchParams(["from", "to", "refresh"])] },
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
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
    const expr = texts(given.expr);
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

/** URLs of Grafana, Prometheus and Jaeger, so that existing links keep working. */
const redirectRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/explore",
    beforeLoad: () => {
      throw redirect({ to: "/explore/metrics" });
    },
  }),
  ...["/graph", "/query"].map((path) =>
    createRoute({
      getParentRoute: () => rootRoute,
      path,
      beforeLoad: ({ location }) => {
        const given = location.search as Given;
        const expr = Array.from({ length: 26 }, (_, index) => text(given[`g${index}.expr`])).filter(
          (value) => value !== undefined,
        );
        const span = text(given["g0.range_input"]);
        throw redirect({
          to: "/explore/metrics",
          search: {
            expr: expr.length > 0 ? expr : undefined,
            ...(span ? { from: `now-${span}`, to: "now" } : {}),
          },
        });
      },
    }),
  ),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/search",
    beforeLoad: ({ location }) => {
      const given = location.search as Given;
      const search = {
        service: text(given.service),
        operation: text(given.operation),
        min: text(given.minDuration),
      };
      throw redirect({ to: "/explore/traces", search });
    },
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/service-discovery",
    beforeLoad: () => {
      throw redirect({ to: "/targets" });
    },
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/tsdb-status",
    beforeLoad: () => {
      throw redirect({ to: "/cardinality" });
    },
  }),
];

const routeTree = rootRoute.addChildren([
  homeRoute,
  metricsRoute,
  logsRoute,
  tracesRoute,
  traceRoute,
  sqlRoute,
  targetsRoute,
  cardinalityRoute,
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
