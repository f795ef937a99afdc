// @ts-check
/** Series for any query: with the labels that the query groups by, and values that fit the name of its metric. */

/** @typedef {Record<string, string>} Labels */

const SERIES_MAX = 6;
const BUCKETS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];

/** Values of labels that are known; the others have made ones. @type {Record<string, string[]>} */
const VALUES = {
  le: BUCKETS,
  job: ["node", "api-server", "worker"],
  instance: ["10.0.1.11:9100", "10.0.1.12:9100", "10.0.1.13:9100"],
  cluster: ["production", "staging"],
  namespace: ["default", "kube-system", "monitoring"],
  pod: ["checkout-7d9c5b4f6-x2x9p", "cart-5f6b9c7d8-lk4qz", "payment-6c8d7f9b5-8wv2m"],
  container: ["checkout", "cart", "payment"],
  node: ["node-1", "node-2", "node-3"],
  device: ["sda", "sdb", "eth0"],
  mountpoint: ["/", "/boot", "/var/lib"],
  fstype: ["ext4", "xfs"],
  mode: ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"],
  cpu: ["0", "1", "2", "3"],
  code: ["200", "404", "500"],
  status: ["200", "404", "500"],
  status_code: ["2xx", "4xx", "5xx"],
  method: ["GET", "POST", "PUT"],
  route: ["/api/v1/query", "/api/v1/push", "/ready"],
  service_name: ["checkout", "cart", "payment"],
  span_name: ["GET /cart", "POST /checkout", "charge"],
  span_kind: ["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"],
  model_name: ["llama-3.1-8b", "mistral-7b"],
  model: ["gpt-5.2", "claude-haiku-4.5"],
  quantile: ["0.5", "0.9", "0.99"],
  level: ["info", "warn", "error"],
  detected_level: ["info", "warn", "error"],
  severity: ["warning", "critical"],
  version: ["2.53.1"],
  release: ["6.1.0-18-amd64"],
  gpu: ["0", "1"],
};

/** @type {(label: string) => string[]} */
export function valuesOf(label) {
  return Object.hasOwn(VALUES, label)
    ? /** @type {string[]} */ (VALUES[label])
    : ["a", "b", "c"].map((end) => `${label}-${end}`);
}

/** @type {(text: string) => number} */
function hash(text) {
  let state = 2_166_136_261;
  for (let index = 0; index < text.length; index++)
    state = Math.imul(state ^ text.charCodeAt(index), 16_777_619);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  return (state ^ (state >>> 13)) >>> 0;
}

/** A number between 0 and 1 for a text. @type {(text: string) => number} */
const fraction = (text) => hash(text) / 4_294_967_296;

/** @type {(text: string) => string[]} */
const names = (text) =>
  text
    .split(",")
    .map((name) => name.trim().replace(/^"|"$/g, ""))
    .filter(Boolean);

/** The labels that selectors compare, with the values that they demand. @type {(query: string) => Map<string, string[]>} */
function matched(query) {
  const found = new Map();
  for (const [, label, operator, value = ""] of query.matchAll(
    /(\w+)\s*(=~|!=|!~|=)\s*"((?:[^"\\]|\\.)*)"/g,
  )) {
    if (label === undefined || label === "__name__") continue;
    const literal =
      operator === "=" ? [value] : operator === "=~" && /^[\w.:|/-]+$/.test(value) ? value.split("|") : [];
    const kept = literal.filter((one) => one !== "");
    if (kept.length > 0 || !found.has(label)) found.set(label, kept);
  }
  return found;
}

/** The labels of the outermost `by`. @type {(query: string) => string | undefined} */
function grouping(query) {
  let found;
  let least = Number.POSITIVE_INFINITY;
  for (const match of query.matchAll(/\bby\s*\(([^)]*)\)/gi)) {
    const before = query.slice(0, match.index);
    const depth = before.split("(").length - before.split(")").length;
    if (depth < least) [found, least] = [match[1], depth];
  }
  return found;
}

/** The labels of the result. @type {(query: string, legend: string[]) => string[]} */
function labelsOf(query, legend) {
  const grouped = grouping(query);
  const made = [...query.matchAll(/(?:label_replace|label_join)\(.*?,\s*"(\w+)"/gs)].map(
    ([, name]) => name ?? "",
  );
  const counted = /count_values\(\s*"(\w+)"/.exec(query)?.[1];
  const extra = [...made, ...(counted ? [counted] : [])];
  if (grouped !== undefined) {
    const kept = names(grouped).filter((name) => name !== "le" || !/histogram_quantile/.test(query));
    return [...new Set([...kept, ...extra])];
  }
  const without = names(/\bwithout\s*\(([^)]*)\)/i.exec(query)?.[1] ?? "");
  if (without.length === 0 && AGGREGATED.test(query)) return extra;
  const all = ["job", "instance", ...matched(query).keys(), ...legend, ...extra];
  if (/_bucket\b/.test(query) && !/histogram_quantile/.test(query)) all.push("le");
  return [...new Set(all)].filter((name) => !without.includes(name) && name !== "__name__");
}

const AGGREGATED =
  /^[\s(]*(sum|avg|min|max|count|absent|scalar|group|histogram_quantile\(\s*[\d.$]+\s*,\s*sum)\s*\(/i;

/**
 * The label sets of the answer. `legend` are the labels in the names of the series: the series differ by these. It is
 * undefined when the names are not known.
 * @type {(query: string, legend: string[] | undefined) => Labels[]}
 */
export function labelSets(query, legend) {
  const demanded = matched(query);
  /** @type {Labels[]} */
  let sets = [{}];
  for (const label of labelsOf(query, legend ?? [])) {
    const given = demanded.get(label) ?? [];
    const values = given.length > 0 ? given : valuesOf(label);
    const one = label === "job" || (legend && !legend.includes(label) && label !== "le");
    // The values of two labels belong together once there are enough series.
    const full = label !== "le" && sets.length * values.length > SERIES_MAX * 2;
    if (one) sets = sets.map((set) => ({ ...set, [label]: values[0] ?? "" }));
    else if (full)
      sets = sets.map((set, index) => ({ ...set, [label]: values[index % values.length] ?? "" }));
    else sets = sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value })));
  }
  const name = /^\s*([a-zA-Z_:][\w:]*)\s*(\{[^{}]*\})?\s*$/.exec(query)?.[1];
  return name ? sets.map((set) => ({ __name__: name, ...set })) : sets;
}

/** The least and the greatest value of a series. @type {(query: string) => [number, number]} */
function extent(query) {
  const rate = /\b(i?rate|increase|deriv|delta)\(/.test(query);
  if (/_info\b|^\s*(sum|min|max)?\(?up\b|== bool/.test(query)) return [1, 1];
  if (/\btime(\(\)|_seconds\{[^}]*\})\s*-/.test(query)) return [3_600, 900_000];
  if (/_(time|timestamp)(_seconds)?\b/.test(query) && !rate)
    return /\*\s*1000/.test(query) ? [1.7e12, 1.76e12] : [1.7e9, 1.76e9];
  if (/\*\s*100\b|100\s*\*|percent/i.test(query)) return [4, 92];
  if (/ratio|utili[sz]ation/i.test(query) || /rate\(.*\/.*rate\(|_bytes.*\/.*_bytes/s.test(query))
    return [0.05, 0.9];
  if (/bytes/i.test(query)) return rate ? [2e4, 8e6] : [2e8, 9e9];
  if (/histogram_quantile|seconds|latency|duration/i.test(query))
    return /_ms\b|millisec/i.test(query) ? [12, 900] : [0.004, 1.2];
  return rate ? [0.2, 90] : [3, 240];
}

/** A part of 97 series has values only now and then. */
const GAPPED_PERMILLE = 60;

/** The values of a series at times in seconds; null where it has none. @type {(query: string, labels: Labels, times: number[]) => (number | null)[]} */
export function valuesAt(query, labels, times) {
  const { le, ...rest } = labels;
  const key = query + JSON.stringify(rest);
  const [low, high] = extent(query);
  const [level, phase, period] = ["level", "phase", "period"].map((part) => fraction(key + part));
  const span = high - low;
  const gapped = hash(`${key}gaps`) % 1_000 < GAPPED_PERMILLE;
  const share = le === undefined ? 1 : cumulative(le, level ?? 0);
  const whole = !/rate|\/|histogram_quantile|seconds|ratio|avg|\*/.test(query);
  return times.map((time) => {
    if (gapped && Math.sin(time / 1_500 + (phase ?? 0) * 6) > 0.85) return null;
    const slow = Math.sin(time / (900 + 5_000 * (period ?? 0)) + (phase ?? 0) * 6.3);
    const noise = fraction(`${key}${time}`) - 0.5;
    const at = Math.min(1, Math.max(0, (level ?? 0) ** 2 * 0.7 + 0.12 + slow * 0.1 + noise * 0.02));
    const value = (low + span * at) * share;
    return whole ? Math.round(value) : value;
  });
}

/** @type {(le: string, level: number) => number} */
function cumulative(le, level) {
  const place = BUCKETS.indexOf(le);
  if (place < 0) return Math.min(1, Number(le) || 1);
  return 1 / (1 + Math.exp((3 + level * 5 - place) * 1.1));
}
