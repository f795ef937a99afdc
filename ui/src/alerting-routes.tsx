/** The routes of Alerts: alerts, rules, silences, the tree of routes, notifications, and replays. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { ALERT_STATES, type AlertState } from "./alerts/states";
import type { SilenceState } from "./api/alertmanager";
import { type Given, rootRoute } from "./root-route";
import { oneOf, text, texts } from "./url/search";

/** Prometheus names the text of a filter `search`, and Alertmanager `filter`. */
function readForeignFilter({ location }: { location: { search: object } }): void {
  const { search, filter, ...rest } = location.search as Given;
  const find = text(rest.find) ?? text(filter) ?? text(search);
  if (search === undefined && filter === undefined) return;
  throw redirect({ to: ".", search: { ...rest, find } as never, replace: true });
}

export interface AlertsSearch {
  /** Words, and matchers of labels. */
  find?: string;
  /** All that are not resolved when absent. */
  state?: AlertState;
  /** The groups of Alertmanager; by name when absent. */
  by?: "group";
  receiver?: string;
  /** Matchers of the alert that is shown. */
  alert?: string;
  /** The groups whose alerts are hidden. */
  closed?: string[];
}

const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts",
  beforeLoad: readForeignFilter,
  validateSearch: (given: Given): AlertsSearch => ({
    find: text(given.find),
    state: oneOf(given.state, ALERT_STATES),
    by: oneOf(given.by, ["group"]),
    receiver: text(given.receiver),
    alert: text(given.alert),
    closed: some(given.closed),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/alerts")),
});

export const RULE_FILTERS = ["firing", "pending", "inactive", "error", "no-data"] as const;

export interface RulesSearch {
  find?: string;
  state?: (typeof RULE_FILTERS)[number];
  /** The key of the rule that is shown. */
  rule?: string;
  closed?: string[];
}

const rulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/rules",
  beforeLoad: readForeignFilter,
  validateSearch: (given: Given): RulesSearch => ({
    find: text(given.find),
    state: oneOf(given.state, RULE_FILTERS),
    rule: text(given.rule),
    closed: some(given.closed),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/rules")),
});

export interface RuleFileSearch {
  /** Its path. */
  file?: string;
}

const ruleFileRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/rules/file",
  validateSearch: (given: Given): RuleFileSearch => ({ file: text(given.file) }),
  component: lazyRouteComponent(() => import("./pages/alerts/rule-file")),
});

export interface NewRuleSearch {
  expr?: string;
  language?: "logql";
}

const newRuleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/rules/new",
  validateSearch: (given: Given): NewRuleSearch => ({
    expr: text(given.expr),
    language: oneOf(given.language, ["logql"]),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/new-rule")),
});

export interface SilencesSearch {
  find?: string;
  /** Active and pending ones when absent. */
  state?: SilenceState;
  /** The id of the silence that is shown. */
  silence?: string;
}

const silencesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/silences",
  beforeLoad: readForeignFilter,
  validateSearch: (given: Given): SilencesSearch => ({
    find: text(given.find),
    state: oneOf(given.state, ["active", "pending", "expired"]),
    silence: text(given.silence)?.slice(0, 64),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/silences")),
});

export interface SilenceFormSearch {
  /** The matchers of a new silence. */
  filter?: string;
  /** The id of the silence that is changed, or made again when it has expired. */
  silence?: string;
}

const silenceFormRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/silences/new",
  validateSearch: (given: Given): SilenceFormSearch => ({
    filter: text(given.filter),
    silence: text(given.silence)?.slice(0, 64),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/silence-form")),
});

export interface RouteTreeSearch {
  /** Matchers of the labels that are tested. */
  labels?: string;
  /** The id of the route that is shown. */
  route?: string;
}

const routeTreeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/routes",
  validateSearch: (given: Given): RouteTreeSearch => ({
    labels: text(given.labels),
    route: text(given.route),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/route-tree")),
});

export interface NotificationsSearch {
  find?: string;
  receiver?: string;
  failed?: "on";
  /** The key of the notification that is shown. */
  notification?: string;
}

const notificationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/notifications",
  validateSearch: (given: Given): NotificationsSearch => ({
    find: text(given.find),
    receiver: text(given.receiver),
    failed: oneOf(given.failed, ["on"]),
    notification: text(given.notification),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/notifications")),
});

/** `pages/alerts/replay/source.ts` reads the sources. */
export interface ReplaySearch {
  find?: string;
  /** The messages; the rules when absent. */
  list?: "messages";
  /** The sources of the rules and of the routes; those in use when absent. */
  rules?: string;
  alertmanager?: string;
  /** Those of the version that is compared; there is none when both are absent. */
  otherRules?: string;
  otherAlertmanager?: string;
  /** The key of the rule or of the message that is shown. */
  open?: string;
}

const replayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/alerts/replay",
  validateSearch: (given: Given): ReplaySearch => ({
    find: text(given.find),
    list: oneOf(given.list, ["messages"]),
    rules: text(given.rules),
    alertmanager: text(given.alertmanager),
    otherRules: text(given.otherRules),
    otherAlertmanager: text(given.otherAlertmanager),
    open: text(given.open),
  }),
  component: lazyRouteComponent(() => import("./pages/alerts/replay/replay")),
});

function some(given: unknown): string[] | undefined {
  const found = texts(given);
  return found.length > 0 ? found : undefined;
}

export const alertingRoutes = [
  alertsRoute,
  rulesRoute,
  ruleFileRoute,
  newRuleRoute,
  silencesRoute,
  silenceFormRoute,
  routeTreeRoute,
  notificationsRoute,
  replayRoute,
];
