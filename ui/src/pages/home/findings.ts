/** What is wrong: everything that needs attention, the worst first, and what was checked. */
import type { Overview } from "../../api/generated";
import { SIGNALS, type SignalName } from "../../api/overview";
import type { Target } from "../../api/targets";
import { formatCount, formatItems } from "../../format/number";
import { formatValue } from "../../format/units";
import { formatDuration } from "../../time/duration";
import { formatAgo } from "../../time/format";
import { serviceLogs } from "../../url/links";
import { describe, type ErrorGroup, groupLogs, groupTraces, isTrouble } from "./error-groups";
import { callsTraces, isFailing, type ModelCalls } from "./model-calls";
import { UNKNOWN_TYPE } from "./queries";
import { receiverName } from "./receivers";
import { requestsQuery, slowestQuery } from "./requests";
import type { Service } from "./service-health";

export interface Finding {
  level: "error" | "warning";
  /** What it is about, and what is wrong with it. */
  subject: string;
  text: string;
  /** Where to look. */
  link?: Link | undefined;
}

type Link =
  | { to: "/explore/traces"; search: { q: string; sort?: "longest" } }
  | { to: "/explore/logs"; search: { query: string } }
  | { to: "/targets"; search: { health: "down" } };

const traces = (q: string): Link => ({ to: "/explore/traces", search: { q } });

/** After this time without data a sender is late: most exporters send at least once a minute. */
const LATE_AFTER_MS = 90_000;

export function stateOf(lastMs: number | null, nowMs: number): "never" | "live" | "late" {
  if (lastMs === null) return "never";
  return nowMs - lastMs > LATE_AFTER_MS ? "late" : "live";
}

export function serviceFindings(services: Service[]): Finding[] {
  return services.flatMap((service) => service.trouble.map((trouble) => serviceFinding(service, trouble)));
}

function serviceFinding(service: Service, trouble: Service["trouble"][number]): Finding {
  const { name: subject, totals, change, callsBefore } = service;
  switch (trouble) {
    case "silent":
      return {
        level: "error",
        subject,
        text: `sends no spans; there were ${formatItems(callsBefore, "request")} in the range before`,
        link: { to: "/explore/logs", search: { query: serviceLogs(subject) } },
      };
    case "errors": {
      const share = formatValue(totals.errors / totals.calls, "percentunit", 1);
      return {
        level: "error",
        subject,
        text: `${share} of ${formatItems(totals.calls, "request")} failed${since(change.share?.text)}`,
        link: traces(requestsQuery(service, "status = error")),
      };
    }
    case "slow":
      return {
        level: "warning",
        subject,
        text: `the 95th percentile of its requests is ${formatDuration(totals.p95Ms)}${since(change.p95?.text)}`,
        link: { to: "/explore/traces", search: { q: slowestQuery(service), sort: "longest" } },
      };
  }
}

const since = (change: string | undefined) => (change ? ` (${change})` : "");

export function modelFindings(models: ModelCalls[]): Finding[] {
  return models.filter(isFailing).map((calls) => ({
    level: "error",
    subject: calls.model || "LLM calls",
    text: `${formatValue(calls.errors / calls.calls, "percentunit", 1)} of ${formatItems(calls.calls, "call")} by ${
      calls.service
    } failed, most with ${calls.errorTypes[0]?.type ?? UNKNOWN_TYPE}`,
    link: traces(callsTraces(calls, true)),
  }));
}

export function errorFindings(groups: ErrorGroup[]): Finding[] {
  return groups.filter(isTrouble).map((group) => ({
    level: "warning",
    subject: group.service,
    text: `new error, ${formatCount(group.count)} times: ${describe(group)}`,
    link:
      group.signal === "spans"
        ? traces(groupTraces(group))
        : { to: "/explore/logs", search: { query: groupLogs(group) } },
  }));
}

export function targetFindings(targets: Target[]): Finding[] {
  const down = targets.filter(({ health }) => health === "down");
  if (down.length === 0) return [];
  const [first] = down;
  return [
    {
      level: "error",
      subject: formatItems(down.length, "target"),
      text: `of ${targets.length} down: ${first?.url ?? ""}${down.length > 1 ? " and others" : ""}: ${first?.error ?? ""}`,
      link: { to: "/targets", search: { health: "down" } },
    },
  ];
}

/** Receivers that lost data since `fromMs`, the hints of the server, and signals that are late. */
export function receivedFindings(overview: Overview, fromMs: number): Finding[] {
  const nowMs = overview.now_unix_ms;
  const receivers = overview.receivers.flatMap((receiver): Finding[] => {
    const last = receiver.last_error;
    if (!last || last.at_unix_ms < fromMs) return [];
    const subject = receiverName(receiver.protocol);
    const text = `did not keep all data ${formatAgo(last.at_unix_ms, nowMs)}: ${last.message}`;
    return [{ level: "error", subject, text }];
  });
  const hinted = new Set(overview.hints.map(({ signal }) => signal));
  const late = SIGNALS.filter(
    (name) => !hinted.has(name) && stateOf(overview.signals[name].last_received_unix_ms, nowMs) === "late",
  );
  return [
    ...receivers,
    ...overview.hints.map(({ signal, message }) => warning(signal, message)),
    ...late.map((name) => lateFinding(name, overview)),
  ];
}

const warning = (subject: string, text: string): Finding => ({ level: "warning", subject, text });

function lateFinding(name: SignalName, overview: Overview): Finding {
  const since = formatAgo(overview.signals[name].last_received_unix_ms, overview.now_unix_ms);
  return warning(
    name,
    `The last ${name} arrived ${since}. The sender may have stopped, or cannot reach Glasshouse.`,
  );
}

/** One of the checks: what it looked at, or that it is not known. */
export interface Check {
  name: string;
  state: "done" | "running" | "failed";
  /** `3 services` */
  checked: string;
}

/** The worst first; equal ones in the order of the checks. */
export function sorted(findings: Finding[]): Finding[] {
  const rank = ({ level }: Finding) => (level === "error" ? 0 : 1);
  return [...findings].sort((left, right) => rank(left) - rank(right));
}
