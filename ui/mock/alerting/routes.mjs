// @ts-check
/** The routes of the AI platform's `alertmanager.yml`. */
/** @import { RouteNode } from "../../src/api/generated" */
/** @import { Labels } from "./rules.mjs" */

/** @type {(id: string, part: Partial<RouteNode>) => RouteNode} */
const route = (id, part) => ({
  id,
  receiver: "slack-default",
  integrations: ["slack"],
  matchers: [],
  group_by: ["alertname", "service"],
  group_wait_s: 30,
  group_interval_s: 300,
  repeat_interval_s: 14_400,
  continues: false,
  mute_time_intervals: [],
  active_time_intervals: [],
  line: 0,
  routes: [],
  ...part,
});

const ROOT = route("0", {
  line: 10,
  routes: [
    route("0.0", {
      receiver: "slack-critical",
      matchers: ['severity="critical"'],
      group_wait_s: 0,
      group_interval_s: 60,
      repeat_interval_s: 3_600,
      continues: true,
      line: 18,
    }),
    route("0.1", {
      receiver: "slack-gpu",
      matchers: ['type="gpu"'],
      group_by: ["alertname", "gpu_id"],
      line: 26,
    }),
    route("0.2", {
      receiver: "slack-drift",
      matchers: ['type="drift"'],
      group_by: ["alertname", "model"],
      line: 31,
    }),
    route("0.3", {
      receiver: "slack-budget",
      matchers: ['type="budget"'],
      group_by: ["alertname"],
      group_wait_s: 60,
      repeat_interval_s: 43_200,
      line: 36,
    }),
    route("0.4", {
      receiver: "slack-infra",
      integrations: ["slack", "webhook"],
      matchers: ['type=~"infrastructure|database"'],
      mute_time_intervals: ["maintenance"],
      line: 43,
    }),
  ],
});

/** Without a file there is one route, to a receiver that sends nothing. */
const NO_FILE = route("0", { receiver: "default", integrations: [], group_by: [] });

/** @type {(empty: boolean) => RouteNode} */
export const routeTree = (empty) => (empty ? NO_FILE : ROOT);
/** @type {(empty: boolean) => string[]} */
export const receiversOf = (empty) => [
  ...new Set([routeTree(empty), ...routeTree(empty).routes].map(({ receiver }) => receiver)),
];

/** @type {(labels: Labels, matcher: string) => boolean} */
function matches(labels, matcher) {
  const [, name = "", sign = "", value = ""] = /^(\w+)(=~|=)"(.*)"$/.exec(matcher) ?? [];
  return sign === "=" ? labels[name] === value : new RegExp(`^(?:${value})$`).test(labels[name] ?? "");
}

/** The routes that an alert reaches. @type {(labels: Labels, empty?: boolean) => RouteNode[]} */
export function routesOf(labels, empty = false) {
  const root = routeTree(empty);
  const found = [];
  for (const node of root.routes) {
    if (!node.matchers.every((matcher) => matches(labels, matcher))) continue;
    found.push(node);
    if (!node.continues) return found;
  }
  return found.length > 0 ? found : [root];
}
