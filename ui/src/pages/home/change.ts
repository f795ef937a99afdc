/** Compares a range with the one of the same length before it. Null: the difference may be chance. */
import { formatValue } from "../../format/units";

export interface Change {
  /** `+12%`, `−0.8 points` */
  text: string;
  /** Relative for rates and durations, in points for shares. */
  value: number;
}

/** Of fewer calls, neither their number nor a share of them says anything. */
export const CALLS_MIN = 20;
/** The 95th percentile of fewer calls is one of the few slowest. */
const PERCENTILE_CALLS_MIN = 100;
/** Smaller changes are not worth a look. */
const RELATIVE_MIN = 0.1;
const POINTS_MIN = 0.1;
/** Standard deviations. */
const SIGNIFICANT = 3;

export interface Totals {
  calls: number;
  errors: number;
  p95Ms: number;
  p90Ms: number;
}

const signed = (value: number, text: string) => (value < 0 ? `−${text}` : `+${text}`);

function relative(now: number, before: number): Change | null {
  const value = now / before - 1;
  if (!Number.isFinite(value) || Math.abs(value) < RELATIVE_MIN) return null;
  const size = Math.abs(value);
  const text = size >= 9.995 ? `×${formatValue(value + 1, "none", 0)}` : formatValue(size, "percentunit", 0);
  return { value, text: size >= 9.995 ? text : signed(value, text) };
}

/** Of the number of calls. */
export function callsChange(now: number, before: number): Change | null {
  if (Math.max(now, before) < CALLS_MIN || before === 0) return null;
  if (Math.abs(now - before) < SIGNIFICANT * Math.sqrt(now + before)) return null;
  return relative(now, before);
}

/** Of the share of calls that failed, in points. */
export function shareChange(now: Totals, before: Totals): Change | null {
  if (now.calls < CALLS_MIN || before.calls < CALLS_MIN) return null;
  const difference = now.errors / now.calls - before.errors / before.calls;
  const all = (now.errors + before.errors) / (now.calls + before.calls);
  const deviation = Math.sqrt(all * (1 - all) * (1 / now.calls + 1 / before.calls));
  const value = difference * 100;
  if (Math.abs(difference) < SIGNIFICANT * deviation || Math.abs(value) < POINTS_MIN) return null;
  return { value, text: `${signed(value, formatValue(Math.abs(value), "none", 1))} points` };
}

/**
 * Of the 95th percentile of the durations. When one call of twenty is of another kind, it jumps between both kinds by
 * itself: the 90th percentile must pass it too.
 */
export function p95Change(now: Totals, before: Totals): Change | null {
  if (now.calls < PERCENTILE_CALLS_MIN || before.calls < PERCENTILE_CALLS_MIN) return null;
  if (now.p90Ms <= before.p95Ms && before.p90Ms <= now.p95Ms) return null;
  return relative(now.p95Ms, before.p95Ms);
}
