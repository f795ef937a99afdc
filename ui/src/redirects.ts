/** URLs of Grafana, Prometheus, Alertmanager and Jaeger, so that existing links keep working. */
import { createRoute, redirect } from "@tanstack/react-router";
import { type Given, rootRoute } from "./root-route";
import { parseSearch, text } from "./url/search";

/** Leads a link of Alertmanager, whose views are in the hash, to ours: `#/alerts?receiver=a`. */
export function redirectAlertmanager(hash: string): void {
  const [, view = "", rest = "", query = ""] = /^#?\/(alerts|silences)\/?([^?]*)(\?.*)?$/.exec(hash) ?? [];
  if (view === "") return;
  const given = parseSearch(query);
  const filter = text(given.filter);
  if (view === "alerts") {
    const by = given.group === undefined ? undefined : "group";
    const search = { find: filter, receiver: text(given.receiver), by } as const;
    throw redirect({ to: "/alerts", search, hash: "" });
  }
  const [id = "", part] = rest.split("/");
  if (id === "new" || part === "edit") {
    const search = id === "new" ? { filter } : { silence: id };
    throw redirect({ to: "/alerts/silences/new", search, hash: "" });
  }
  throw redirect({ to: "/alerts/silences", search: id ? { silence: id } : { find: filter }, hash: "" });
}

/** Paths of the same views in other tools. The search parameters that both have are kept. */
const SAME_VIEWS: [string, string][] = [
  ["/rules", "/alerts/rules"],
  ["/silences", "/alerts/silences"],
  ["/silences/new", "/alerts/silences/new"],
  ["/alerting", "/alerts"],
  ["/alerting/groups", "/alerts"],
  ["/alerting/list", "/alerts/rules"],
  ["/alerting/silences", "/alerts/silences"],
  ["/alerting/routes", "/alerts/routes"],
];

/** What reads the queries of Grafana is not loaded with the page. */
async function fromGrafana(given: Given) {
  const [{ exploreAddress }, { fetchDataSources }] = await Promise.all([
    import("./dashboards/grafana-explore"),
    import("./api/dashboards"),
  ]);
  // Without data sources their types are guessed from the queries.
  return exploreAddress(given, await fetchDataSources().catch(() => []));
}

export const redirectRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/alertmanager",
    beforeLoad: ({ location }) => {
      redirectAlertmanager(location.hash);
      throw redirect({ to: "/alerts" });
    },
  }),
  ...SAME_VIEWS.map(([path, to]) =>
    createRoute({
      getParentRoute: () => rootRoute,
      path,
      beforeLoad: ({ location }) => {
        throw redirect({ to, search: location.search as never });
      },
    }),
  ),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/explore",
    beforeLoad: async ({ location }) => {
      const given = location.search as Given;
      const found = given.panes || given.left ? await fromGrafana(given) : null;
      throw redirect((found ?? { to: "/explore/metrics" }) as { to: "/explore/metrics" });
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
  ...["/d/$uid/$slug", "/d-solo/$uid", "/d-solo/$uid/$slug"].map((path) =>
    createRoute({
      getParentRoute: () => rootRoute,
      path,
      beforeLoad: ({ location, params }) => {
        const { panelId, ...given } = location.search as Given;
        const solo = path.startsWith("/d-solo") ? { viewPanel: text(panelId), kiosk: "1" } : {};
        throw redirect({ to: "/d/$uid", params: params as { uid: string }, search: { ...given, ...solo } });
      },
    }),
  ),
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
