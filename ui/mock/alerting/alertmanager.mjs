// @ts-check
/** Alertmanager's API v2, with silences in memory. */
/** @import { Labels } from "./rules.mjs" */
import { ALERTS, stateAt } from "./evaluate.mjs";
import { receiversOf, routesOf } from "./routes.mjs";

/**
 * @typedef {{ name: string, value: string, isRegex: boolean, isEqual: boolean }} Matcher
 * @typedef {{ id: string, matchers: Matcher[], startsAt: string, endsAt: string, updatedAt: string, createdBy: string,
 *   comment: string }} Silence
 * @typedef {{ status: number, body?: unknown }} Answer
 */

const NOW_MS = Date.now();
/** @type {(minutes: number) => string} */
const inMinutes = (minutes) => new Date(NOW_MS + minutes * 60_000).toISOString();
/** @type {(name: string, value: string, isRegex?: boolean) => Matcher} */
const matcher = (name, value, isRegex = false) => ({ name, value, isRegex, isEqual: true });
/** @type {(body: unknown) => Answer} */
const ok = (body) => ({ status: 200, body });

/** @type {(id: number, from: number, to: number, by: string, comment: string, matchers: Matcher[]) => Silence} */
const silence = (id, from, to, createdBy, comment, matchers) => ({
  id: `5b1f7c0e-0000-4000-8000-${String(id).padStart(12, "0")}`,
  matchers,
  startsAt: inMinutes(from),
  endsAt: inMinutes(to),
  updatedAt: inMinutes(Math.min(from, -1)),
  createdBy,
  comment,
});

/** @type {() => Silence[]} */
const firstSilences = () => [
  silence(1, -35, 28, "mira", "GPU 1 is under a load test until noon, see OPS-412", [
    matcher("gpu_id", "1"),
    matcher("alertname", "HighGPU(Utilization|Memory)", true),
  ]),
  silence(2, -600, 1_800, "tom", "Old budget alerts of the staging sessions", [
    matcher("alertname", "BudgetWarning"),
    matcher("session_id", "sess-staging-.*", true),
  ]),
  silence(3, 240, 360, "mira", "Maintenance of the memory engine", [matcher("service", "memory-engine")]),
  silence(4, -2_000, -300, "tom", "Rollout of gateway 2.14", [
    matcher("service", "gateway"),
    matcher("severity", "warning"),
  ]),
];

/** @type {(labels: Labels, matchers: Matcher[]) => boolean} */
const matchesAll = (labels, matchers) =>
  matchers.every(({ name, value, isRegex, isEqual }) => {
    const given = labels[name] ?? "";
    return (isRegex ? new RegExp(`^(?:${value})$`).test(given) : given === value) === isEqual;
  });

/** @type {(text: string) => Matcher[]} */
const parsed = (text) =>
  [...text.matchAll(/"?([\w.]+)"?\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)].map(
    ([, name = "", sign = "", value = ""]) => ({
      name,
      value: JSON.parse(`"${value}"`),
      isRegex: sign.endsWith("~"),
      isEqual: sign.startsWith("="),
    }),
  );

/** Source, target and the labels that must be equal. @type {[Matcher[], Matcher[], string][]} */
const INHIBITIONS = [
  [[matcher("alertname", "HighDriftScore")], [matcher("alertname", "DriftDetected")], "model"],
  [[matcher("alertname", "BudgetExceeded")], [matcher("alertname", "BudgetWarning")], "session_id"],
  [[matcher("alertname", "ServiceDown")], [matcher("type", "latency|errors", true)], "service"],
];

/** @type {(labels: Labels) => string} */
function fingerprint(labels) {
  let hash = 0xcbf29ce484222325n;
  for (const letter of JSON.stringify(Object.entries(labels).sort()))
    hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0");
}

/** An alert that no rule of this server made. */
const BACKUP = {
  labels: { alertname: "BackupFailed", severity: "critical", host: "backup-1", type: "database" },
  annotations: { summary: "The nightly backup of the vector store failed", log: "exit status 23" },
  startsAt: inMinutes(-95),
  generatorURL: "javascript:alert(1)",
};

export class Alertmanager {
  /** @type {Silence[]} */
  #silences;
  #empty;
  #made = 100;

  constructor(empty = false) {
    this.#empty = empty;
    this.#silences = empty ? [] : firstSilences();
  }

  /** The answer below `/alertmanager/api/v2`; null for other paths. */
  /** @type {(method: string, path: string, given: URLSearchParams, body: string) => Answer | null} */
  answer(method, path, given, body) {
    const [, id] = /^\/silence\/([^/]+)$/.exec(path) ?? [];
    if (id !== undefined) return method === "DELETE" ? this.#expire(id) : this.#silence(id);
    if (path === "/silences") return method === "POST" ? this.#save(JSON.parse(body)) : ok(this.#list());
    if (path === "/alerts") return ok(this.#wanted(given));
    if (path === "/alerts/groups") return ok(this.#groups(given));
    if (path === "/receivers") return ok(receiversOf(this.#empty).map((name) => ({ name })));
    if (path !== "/status") return null;
    return ok({
      cluster: { status: "disabled" },
      versionInfo: {
        version: "0.1.0",
        revision: "",
        branch: "",
        buildUser: "",
        buildDate: "",
        goVersion: "",
      },
      config: { original: this.#empty ? "" : "route:\n  receiver: slack-default\n" },
      uptime: inMinutes(-600),
    });
  }

  /** @type {(silence: Silence) => "active" | "pending" | "expired"} */
  #state({ startsAt, endsAt }) {
    const now = Date.now();
    return Date.parse(endsAt) <= now ? "expired" : Date.parse(startsAt) > now ? "pending" : "active";
  }

  #list() {
    const order = { active: 0, pending: 1, expired: 2 };
    return this.#silences
      .map((one) => ({ ...one, status: { state: this.#state(one) } }))
      .sort((left, right) => order[left.status.state] - order[right.status.state]);
  }

  /** @type {(id: string) => Answer} */
  #silence(id) {
    const found = this.#list().find((one) => one.id === id);
    return found ? ok(found) : { status: 404, body: `silence ${id} not found` };
  }

  /** @type {(id: string) => Answer} */
  #expire(id) {
    const found = this.#silences.find((one) => one.id === id);
    if (!found) return { status: 404, body: `silence ${id} not found` };
    found.endsAt = new Date().toISOString();
    return { status: 200 };
  }

  /** @type {(given: Partial<Silence>) => Answer} */
  #save(given) {
    const { matchers = [], startsAt = "", endsAt = "", createdBy = "", comment = "", id } = given;
    if (!matchers.some(({ value, isEqual }) => isEqual && value !== ""))
      return { status: 400, body: "silence invalid: at least one matcher must not match the empty string" };
    if (!(Date.parse(endsAt) > Date.now()))
      return { status: 400, body: "silence invalid: end time can't be in the past" };
    if (id && !this.#silences.some((one) => one.id === id)) return { status: 404, body: "silence not found" };
    this.#made += 1;
    const base = silence(this.#made, 0, 0, createdBy, comment, matchers);
    this.#silences = this.#silences.filter((one) => one.id !== id);
    this.#silences.unshift({
      ...base,
      ...(id ? { id } : {}),
      startsAt,
      endsAt,
      updatedAt: new Date().toISOString(),
    });
    return ok({ silenceID: id ?? base.id });
  }

  /** @type {() => { labels: Labels, status: { state: string, silencedBy: string[], inhibitedBy: string[] } }[]} */
  #alerts() {
    if (this.#empty) return [];
    const firing = ALERTS.filter((alert) => stateAt(alert, Date.now()) === "firing").map((alert) => ({
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(alert.firingMs).toISOString(),
      generatorURL: `http://glasshouse:3000/graph?g0.expr=${encodeURIComponent(alert.rule.expr)}&g0.tab=1`,
    }));
    const all = [...firing, BACKUP];
    return all.map((alert) => {
      const silencedBy = this.#silences
        .filter((one) => this.#state(one) === "active" && matchesAll(alert.labels, one.matchers))
        .map(({ id }) => id);
      const inhibitedBy = INHIBITIONS.flatMap(([source, target, label]) =>
        matchesAll(alert.labels, target)
          ? all
              .map(({ labels }) => /** @type {Labels} */ (labels))
              .filter(
                (labels) =>
                  matchesAll(labels, source) && labels[label] === /** @type {Labels} */ (alert.labels)[label],
              )
              .map(fingerprint)
          : [],
      );
      const suppressed = silencedBy.length + inhibitedBy.length > 0;
      return {
        ...alert,
        labels: /** @type {Labels} */ (alert.labels),
        fingerprint: fingerprint(alert.labels),
        receivers: routesOf(alert.labels).map(({ receiver }) => ({ name: receiver })),
        updatedAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 240_000).toISOString(),
        status: { state: suppressed ? "suppressed" : "active", silencedBy, inhibitedBy, mutedBy: [] },
      };
    });
  }

  /** @type {(given: URLSearchParams) => { labels: Labels }[]} */
  #wanted(given) {
    const filters = given.getAll("filter").flatMap(parsed);
    const receiver = given.get("receiver");
    return this.#alerts().filter(
      (/** @type {any} */ alert) =>
        matchesAll(alert.labels, filters) &&
        (given.get("active") !== "false" || alert.status.state !== "active") &&
        (given.get("silenced") !== "false" || alert.status.silencedBy.length === 0) &&
        (given.get("inhibited") !== "false" || alert.status.inhibitedBy.length === 0) &&
        (!receiver ||
          alert.receivers.some((/** @type {any} */ { name }) => new RegExp(`^(?:${receiver})$`).test(name))),
    );
  }

  /** @type {(given: URLSearchParams) => object[]} */
  #groups(given) {
    const groups = new Map();
    for (const alert of this.#wanted(given)) {
      for (const { receiver, group_by } of routesOf(alert.labels)) {
        const labels = Object.fromEntries(
          group_by.flatMap((name) => (alert.labels[name] ? [[name, alert.labels[name]]] : [])),
        );
        const key = `${receiver} ${JSON.stringify(labels)}`;
        const group = groups.get(key) ?? { labels, receiver: { name: receiver }, alerts: [] };
        group.alerts.push(alert);
        groups.set(key, group);
      }
    }
    return [...groups.values()];
  }
}
