// @ts-check
/** All APIs of alerting: rules, Alertmanager, and our own below `/api/alerting`. */
/** @import { NotificationEntry, ReplayRequest, RuleFileEntry } from "../../src/api/generated" */
import { Alertmanager } from "./alertmanager.mjs";
import { ALERTS, alerts, rules, stateAt } from "./evaluate.mjs";
import { replay } from "./replay.mjs";
import { receiversOf, routesOf, routeTree } from "./routes.mjs";
import { FOLDER, ruleFiles } from "./rule-files.mjs";

/** @typedef {{ status: number, body?: unknown }} Answer */
/** @type {(body: unknown) => Answer} */
const ok = (body) => ({ status: 200, body });
/** @type {(status: number, error: string) => Answer} */
const refused = (status, error) => ({ status, body: { error } });

const INVALID_PAYLOAD = 'slack: channel "#ai-platform-drift": unexpected status code 400: invalid_blocks';
const TIMEOUT = 'webhook: Post "https://hooks.example.com/<redacted>": context deadline exceeded';

/** @type {(title: string, texts: string[]) => string} */
const message = (title, texts) =>
  JSON.stringify(
    {
      attachments: [
        { title, text: texts.join("\n"), color: title.startsWith("[FIRING") ? "danger" : "good" },
      ],
    },
    null,
    2,
  );

/** Those that were sent for the alerts of the mock, the newest first. @type {() => NotificationEntry[]} */
function notifications() {
  const groups = new Map();
  for (const alert of ALERTS.filter((one) => stateAt(one, Date.now()) !== "pending")) {
    for (const { receiver, integrations, group_by, group_wait_s, id } of routesOf(alert.labels)) {
      for (const integration of integrations) {
        const labels = Object.fromEntries(group_by.map((name) => [name, alert.labels[name] ?? ""]));
        const key = `${id} ${integration} ${JSON.stringify(labels)}`;
        const group = groups.get(key) ?? {
          receiver,
          integration,
          labels,
          id,
          wait: group_wait_s,
          alerts: [],
        };
        group.alerts.push(alert);
        groups.set(key, group);
      }
    }
  }
  const sent = [...groups.values()].flatMap(({ receiver, integration, labels, id, wait, alerts }, index) => {
    const [first] = alerts;
    const name = labels.alertname ?? "";
    const failing = receiver === "slack-drift" || integration === "webhook";
    /** @type {(atMs: number, firing: boolean, failed: boolean) => NotificationEntry} */
    const entry = (atMs, firing, failed) => ({
      at_unix_ms: atMs,
      receiver,
      integration,
      index: 0,
      group_key: `{}/{${id}}:{${Object.entries(labels)
        .map(([key, value]) => `${key}="${value}"`)
        .join(", ")}}`,
      group_labels: labels,
      reason: firing ? "first notification of the group" : "resolved alerts",
      alerts: alerts.map((/** @type {any} */ alert) => ({ labels: alert.labels, is_firing: firing })),
      error: failed ? (integration === "webhook" ? TIMEOUT : INVALID_PAYLOAD) : null,
      attempts: failed ? (integration === "webhook" ? 7 : 1) : 1 + (index % 3 === 2 ? 1 : 0),
      duration_ms: failed ? 10_000 : 84 + index * 13,
      message: message(
        `[${firing ? `FIRING:${alerts.length}` : "RESOLVED"}] ${name}`,
        alerts.map(
          (/** @type {any} */ { annotations }) => `${annotations.summary}: ${annotations.description}`,
        ),
      ),
    });
    const firedMs = first.firingMs + wait * 1_000;
    const resolved = Number.isFinite(first.endMs) ? [entry(first.endMs + 15_000, false, false)] : [];
    return [entry(firedMs, true, failing), ...resolved];
  });
  const now = Date.now();
  return sent
    .filter(({ at_unix_ms }) => at_unix_ms < now)
    .sort((left, right) => right.at_unix_ms - left.at_unix_ms);
}

export class Alerting {
  #empty;
  #alertmanager;
  /** @type {RuleFileEntry[]} */
  #files;

  constructor(empty = false) {
    this.#empty = empty;
    this.#alertmanager = new Alertmanager(empty);
    this.#files = empty ? [] : ruleFiles();
  }

  /** The answer of a path of alerting; null for other paths. */
  /** @type {(method: string, address: URL, body: string) => Answer | null} */
  answer(method, address, body) {
    const path = address.pathname;
    const [, logs, list] = /^(\/loki)?\/prometheus\/api\/v1\/(rules|alerts)$/.exec(path) ?? [];
    const language = logs ? "logql" : "promql";
    if (list) return ok(list === "rules" ? rules(language, this.#empty) : alerts(language, this.#empty));
    const [, v2] = /^\/alertmanager\/api\/v2(\/.*)$/.exec(path) ?? [];
    if (v2) return this.#alertmanager.answer(method, v2, address.searchParams, body);
    const [, own] = /^\/api\/alerting(\/.*)$/.exec(path) ?? [];
    return own ? this.#own(method, own, body) : null;
  }

  /** @type {(method: string, path: string, body: string) => Answer | null} */
  #own(method, path, body) {
    if (path === "/notifications") return ok({ notifications: this.#empty ? [] : notifications() });
    if (path === "/routes") return ok(routeTree(this.#empty));
    if (path === "/routes/test") {
      const found = routesOf(JSON.parse(body).labels, this.#empty);
      return ok({ routes: found.map(({ id }) => id), receivers: found.map(({ receiver }) => receiver) });
    }
    if (path === "/replay") return this.#replay(JSON.parse(body));
    if (path === "/rule-files") return ok({ files: this.#files });
    const [, receiver] = /^\/receivers\/([^/]+)\/test$/.exec(path) ?? [];
    if (receiver) return this.#test(decodeURIComponent(receiver));
    const [, name] = /^\/rule-files\/([^/]+)$/.exec(path) ?? [];
    return name && method === "PUT" ? this.#save(decodeURIComponent(name), JSON.parse(body)) : null;
  }

  /** @type {(name: string) => Answer} */
  #test(name) {
    if (!receiversOf(this.#empty).includes(name)) return refused(404, `there is no receiver "${name}"`);
    const text = message("[FIRING:1] TestAlert", ["This is a test of the receiver."]);
    const error = name === "slack-drift" ? INVALID_PAYLOAD : null;
    const slack = { integration: "slack", index: 0, error, message: text };
    const webhook = { integration: "webhook", index: 0, error: TIMEOUT, message: text };
    return ok({ results: name === "slack-infra" ? [slack, webhook] : [slack] });
  }

  /** @type {(given: ReplayRequest) => Answer} */
  #replay(given) {
    const found = replay(given, this.#empty);
    return typeof found === "string" ? refused(400, found) : ok(found);
  }

  /** @type {(name: string, given: { read: string | null, content: string }) => Answer} */
  #save(name, { read, content }) {
    const before = this.#files.find((one) => one.name === name);
    if ((before?.content ?? null) !== read)
      return refused(409, `the file ${name} has changed since it was read`);
    const lines = content.split("\n");
    const bad = lines.findIndex((line) => /^\s*expr:\s*$/.test(line) || line.includes("\t"));
    if (bad >= 0)
      return refused(400, `adopt: ${FOLDER}/${name}:${bad + 1}: field 'expr' must be set in rule`);
    if (content !== "" && !/^groups:/m.test(content))
      return refused(400, `adopt: ${FOLDER}/${name}:1: field groups not found`);
    const rest = this.#files.filter((one) => one !== before);
    const saved = { file: `${FOLDER}/${name}`, name, content };
    this.#files = content === "" ? rest : [...rest, saved];
    return ok({ files: this.#files });
  }
}
