/** Rules and their alerts, from Prometheus' `/rules`. Loki's has the same shape, for rules of LogQL. */
import { labels, list, number, record, string } from "./decode";
import { ApiError, request } from "./http";
import type { Labels } from "./prometheus";

export type RuleLanguage = "promql" | "logql";
export type RuleState = "firing" | "pending" | "inactive" | "unknown";
export type RuleHealth = "ok" | "err" | "unknown";

export interface RuleAlert {
  labels: Labels;
  annotations: Labels;
  state: "firing" | "pending";
  /** Epoch milliseconds; null when the server does not say. */
  activeMs: number | null;
  value: number;
}

export interface Rule {
  /** Unique, and the same after a restart of the server. */
  key: string;
  /** Of its group. */
  group: string;
  file: string;
  kind: "alerting" | "recording";
  name: string;
  expr: string;
  language: RuleLanguage;
  /** The state of a recording rule is inactive. */
  state: RuleState;
  health: RuleHealth;
  error: string;
  forMs: number;
  keepFiringMs: number;
  labels: Labels;
  /** Templates. */
  annotations: Labels;
  alerts: RuleAlert[];
  /** Null before the first evaluation. */
  evaluatedMs: number | null;
  durationMs: number;
}

export interface RuleGroup {
  name: string;
  file: string;
  language: RuleLanguage;
  intervalMs: number;
  evaluatedMs: number | null;
  durationMs: number;
  rules: Rule[];
}

const PATHS: Record<RuleLanguage, string> = {
  promql: "/prometheus/api/v1/rules",
  logql: "/loki/prometheus/api/v1/rules",
};

/** The groups of both languages. A server without rules of LogQL has those of PromQL only. */
export async function fetchRuleGroups(signal?: AbortSignal): Promise<RuleGroup[]> {
  const [metrics, logs] = await Promise.all([
    request(PATHS.promql, { signal }),
    request(PATHS.logql, { signal }).catch((error: unknown) => {
      if (error instanceof ApiError && error.kind === "not-found") return {};
      throw error;
    }),
  ]);
  return [...readRuleGroups(metrics, "promql"), ...readRuleGroups(logs, "logql")];
}

export function readRuleGroups(answer: unknown, language: RuleLanguage): RuleGroup[] {
  const known = new Map<string, number>();
  return list(record(record(answer).data).groups).map((value) => {
    const body = record(value);
    const [group, file] = [string(body.name), string(body.file)];
    return {
      name: group,
      file,
      language,
      intervalMs: number(body.interval) * 1_000,
      evaluatedMs: instant(body.lastEvaluation),
      durationMs: number(body.evaluationTime) * 1_000,
      rules: list(body.rules).map((rule) => {
        const read = readRule(rule);
        // A rule may be written twice, also in groups of the same name in two files.
        const name = `${language === "logql" ? "logql:" : ""}${group}/${read.name}`;
        const count = (known.get(name) ?? 0) + 1;
        known.set(name, count);
        return { ...read, key: count > 1 ? `${name}#${count}` : name, group, file, language };
      }),
    };
  });
}

const STATES: readonly RuleState[] = ["firing", "pending", "inactive"];

function readRule(value: unknown): Omit<Rule, "key" | "group" | "file" | "language"> {
  const body = record(value);
  const kind = body.type === "recording" ? "recording" : "alerting";
  const health = string(body.health);
  return {
    kind,
    name: string(body.name),
    expr: string(body.query),
    state:
      kind === "recording" ? "inactive" : (STATES.find((state) => state === string(body.state)) ?? "unknown"),
    health: health === "ok" || health === "err" ? health : "unknown",
    error: string(body.lastError),
    forMs: number(body.duration) * 1_000,
    keepFiringMs: number(body.keepFiringFor) * 1_000,
    labels: labels(body.labels),
    annotations: labels(body.annotations),
    alerts: list(body.alerts).map(readAlert),
    evaluatedMs: instant(body.lastEvaluation),
    durationMs: number(body.evaluationTime) * 1_000,
  };
}

function readAlert(value: unknown): RuleAlert {
  const body = record(value);
  return {
    labels: labels(body.labels),
    annotations: labels(body.annotations),
    state: body.state === "pending" ? "pending" : "firing",
    activeMs: instant(body.activeAt),
    value: number(body.value, Number.NaN),
  };
}

/** Epoch milliseconds. Go writes the year 1 for a time that is not known. */
export function instant(value: unknown): number | null {
  const ms = Date.parse(string(value));
  return ms > 0 ? ms : null;
}
