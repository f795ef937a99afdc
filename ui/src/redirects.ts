/** URLs of Grafana, Prometheus and Jaeger, so that existing links keep working. */
import { createRoute, redirect } from "@tanstack/react-router";
import { type Given, rootRoute } from "./root-route";
import { text } from "./url/search";

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
