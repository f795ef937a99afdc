/** The services of a range: their requests, compared with the range before, the ones in trouble first. */
import { number, string } from "../../api/decode";
import type { Frame } from "../../data/frame";
import { CALLS_MIN, type Change, callsChange, p95Change, shareChange, type Totals } from "./change";
import { BUCKETS } from "./queries";
import { type Row, rowsOf } from "./rows";

export interface Service {
  name: string;
  /** Whether the totals are those of requests. They are those of all spans when a service has no requests. */
  hasRequests: boolean;
  /** Without calls when the service has no spans in the range. */
  totals: Totals;
  spans: number;
  errorSpans: number;
  callsBefore: number;
  /** One for each bucket of the range. */
  calls: number[];
  shares: number[];
  p95s: number[];
  change: { calls: Change | null; share: Change | null; p95: Change | null };
  trouble: Trouble[];
}

export type Trouble = "silent" | "errors" | "slow";

/** This share of failed calls is trouble, whatever it was before. */
const SHARE_MAX = 0.05;
/** This share is trouble when it has grown. */
const GROWN_SHARE_MAX = 0.01;
/** A 95th percentile that has grown by more is trouble. */
const SLOWER_MAX = 0.5;
/** A service whose first span came later in the range before was not there all the time: its numbers do not compare. */
const LATE_START = 0.1;

const NOTHING: Totals = { calls: 0, errors: 0, p95Ms: Number.NaN, p90Ms: Number.NaN };

interface Ranges {
  fromMs: number;
  toMs: number;
}

export function servicesOf(now: Frame[], before: Frame[] | undefined, range: Ranges): Service[] {
  const current = byService(rowsOf(now));
  const previous = byService(rowsOf(before ?? []));
  const names = new Set([...current.keys(), ...previous.keys()]);
  return [...names]
    .map((name) => serviceOf(name, current.get(name) ?? [], previous.get(name) ?? [], range))
    .filter(({ totals, trouble }) => totals.calls > 0 || trouble.length > 0)
    .sort(byTrouble);
}

function byService(rows: Row[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const name = string(row.service_name);
    const known = found.get(name);
    if (known) known.push(row);
    else found.set(name, [row]);
  }
  return found;
}

function serviceOf(name: string, now: Row[], before: Row[], range: Ranges): Service {
  const all = now.filter((row) => row.bucket === null);
  const hasRequests = [...all, ...before].some((row) => row.is_request === true);
  const ofKind = (rows: Row[]) => rows.filter((row) => row.is_request === hasRequests);
  const totals = totalsOf(ofKind(all)[0]);
  const then = totalsOf(ofKind(before)[0]);
  const change = {
    calls: wasThere(before, range) ? callsChange(totals.calls, then.calls) : null,
    share: shareChange(totals, then),
    p95: p95Change(totals, then),
  };
  const points = pointsOf(ofKind(now), range);
  return {
    name,
    hasRequests,
    totals,
    spans: sum(all, "spans"),
    errorSpans: sum(all, "errors"),
    callsBefore: then.calls,
    change,
    trouble: troubleOf(totals, then, change),
    ...points,
  };
}

function totalsOf(row: Row | undefined): Totals {
  if (!row) return NOTHING;
  const [p95Ms, p90Ms] = [number(row.p95_ms), number(row.p90_ms)];
  return { calls: number(row.spans), errors: number(row.errors), p95Ms, p90Ms };
}

function sum(rows: Row[], name: string): number {
  return rows.reduce((total, row) => total + number(row[name]), 0);
}

function wasThere(before: Row[], { fromMs, toMs }: Ranges): boolean {
  const firstMs = Math.min(...before.map((row) => Date.parse(string(row.first_seen))));
  return firstMs - (fromMs - (toMs - fromMs)) < LATE_START * (toMs - fromMs);
}

/** A bucket without calls has the percentile of the one before: it says nothing of how long they take. */
function pointsOf(rows: Row[], { fromMs, toMs }: Ranges): Pick<Service, "calls" | "shares" | "p95s"> {
  const stepMs = Math.ceil((toMs - fromMs) / BUCKETS);
  const buckets = new Map(
    rows
      .filter((row) => row.bucket !== null)
      .map((row) => [Math.round((Date.parse(string(row.bucket)) - fromMs) / stepMs), totalsOf(row)]),
  );
  const points = Array.from({ length: BUCKETS }, (_, index) => buckets.get(index) ?? NOTHING);
  let p95Ms = 0;
  return {
    calls: points.map(({ calls }) => calls),
    shares: points.map(({ calls, errors }) => (calls > 0 ? errors / calls : 0)),
    p95s: points.map((point) => {
      if (point.calls > 0) p95Ms = point.p95Ms;
      return p95Ms;
    }),
  };
}

function troubleOf(now: Totals, before: Totals, change: Service["change"]): Trouble[] {
  if (now.calls === 0) return before.calls >= CALLS_MIN ? ["silent"] : [];
  const share = now.errors / now.calls;
  const grown = (change.share?.value ?? 0) > 0 && share >= GROWN_SHARE_MAX;
  return [
    ...(now.calls >= CALLS_MIN && (share >= SHARE_MAX || grown) ? ["errors" as const] : []),
    ...((change.p95?.value ?? 0) > SLOWER_MAX ? ["slow" as const] : []),
  ];
}

/** A few calls do not count as many: one that failed of two is no half of all. */
function weight({ totals: { calls, errors } }: Service): number {
  return errors / Math.max(calls, CALLS_MIN);
}

function byTrouble(left: Service, right: Service): number {
  const silent = (service: Service) => Number(service.trouble.includes("silent"));
  const slower = ({ change }: Service) => change.p95?.value ?? 0;
  return (
    silent(right) - silent(left) ||
    weight(right) - weight(left) ||
    slower(right) - slower(left) ||
    right.totals.calls - left.totals.calls ||
    left.name.localeCompare(right.name)
  );
}
