// @ts-check
/** The API of dashboards, with files in memory. Saves are kept until the server ends. */
/** @import { DashboardEntry, DashboardRevision, DataSourceEntry } from "../src/api/generated" */
import { AGENTS, HOSTS } from "./boards.mjs";

/** @typedef {{ entry: DashboardEntry, text: string, revisions: (DashboardRevision & { text: string })[] }} File */
/** @typedef {{ status: number, body: unknown }} Answer */

/** @type {DataSourceEntry[]} */
const DATA_SOURCES = [
  { name: "Prometheus", uid: "prometheus", type: "prometheus", is_default: true, time_interval: "15s" },
  { name: "Loki", uid: "loki", type: "loki", is_default: false, time_interval: "" },
];

/** @type {(body: unknown) => Answer} */
const ok = (body) => ({ status: 200, body });
/** @type {(status: number, error: string) => Answer} */
const refused = (status, error) => ({ status, body: { error } });

/** The answers to requests for dashboards; null for others. */
export class Dashboards {
  /** @type {Map<string, File>} */
  #files = new Map();
  #saves = 0;

  /** @param {Record<string, unknown>[]} boards */
  constructor(boards = [AGENTS, HOSTS]) {
    for (const board of boards) this.#add(board, `/etc/grafana/dashboards/${board.uid}.json`, "Agents");
  }

  /** @type {(method: string, path: string, body: string) => Answer | null} */
  answer(method, path, body) {
    if (path === "/api/data-sources") return ok(DATA_SOURCES);
    const [, uid, history, revision] =
      /^\/api\/dashboards(?:\/([^/]+))?(\/history)?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (!path.startsWith("/api/dashboards")) return null;
    if (uid === undefined) return method === "POST" ? this.#create(body) : ok(this.#list());
    const file = this.#files.get(decodeURIComponent(uid));
    if (!file) return refused(404, `there is no dashboard "${uid}"`);
    if (history) return this.#history(file, revision);
    if (method === "PUT") return this.#save(file, body);
    if (method === "DELETE") {
      this.#files.delete(file.entry.uid);
      return ok(null);
    }
    return ok({ entry: file.entry, dashboard: JSON.parse(file.text) });
  }

  #list() {
    const dashboards = [...this.#files.values()].map(({ entry }) => entry);
    const problem = {
      file: "/etc/grafana/dashboards/broken.json",
      reason: "it is no JSON: line 3, column 7",
    };
    return { dashboards, problems: [problem] };
  }

  /** @type {(board: Record<string, any>, file: string, folder: string) => DashboardEntry} */
  #add(board, file, folder) {
    const uid = String(board.uid ?? `new-${this.#files.size}`);
    const entry = {
      uid,
      title: board.title,
      tags: board.tags ?? [],
      folder,
      file,
      version: this.#version(),
      is_deletable: true,
    };
    this.#files.set(uid, { entry, text: JSON.stringify(board, null, 2), revisions: [] });
    return entry;
  }

  #version() {
    this.#saves += 1;
    return `version-${this.#saves}`;
  }

  /** @type {(body: string) => Answer} */
  #create(body) {
    const { dashboard } = JSON.parse(body);
    if (this.#files.has(dashboard.uid))
      return refused(400, `there is a dashboard with the uid "${dashboard.uid}" already`);
    return ok(this.#add(dashboard, `/data/dashboards/${dashboard.uid ?? "new"}.json`, ""));
  }

  /** @type {(file: File, body: string) => Answer} */
  #save(file, body) {
    const { dashboard, base_version: base } = JSON.parse(body);
    if (base !== null && base !== file.entry.version)
      return refused(409, `the file ${file.entry.file} has changed since the dashboard was opened`);
    const revision = { revision: file.entry.version, replaced_unix_ms: Date.now(), text: file.text };
    file.revisions.unshift(revision);
    file.text = JSON.stringify(dashboard, null, 2);
    file.entry = { ...file.entry, title: dashboard.title, version: this.#version() };
    return ok(file.entry);
  }

  /** @type {(file: File, revision: string | undefined) => Answer} */
  #history({ revisions }, revision) {
    if (revision === undefined) return ok(revisions.map(({ text: _text, ...rest }) => rest));
    const found = revisions.find((one) => one.revision === revision);
    return found ? ok(JSON.parse(found.text)) : refused(404, "there is no such revision");
  }
}
