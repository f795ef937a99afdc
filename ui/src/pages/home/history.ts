/** The recent rates for the sparklines, collected while the page is open. */
import type { Overview } from "../../api/generated";
import type { SignalName } from "../../api/overview";

const SAMPLES_MAX = 180;
const KEY = "glasshouse.rates";

export interface RateSample {
  atMs: number;
  spans: number;
  logs: number;
  metrics: number;
}

let samples: RateSample[] = restore();

/** Stored for the tab, so that a reload keeps the sparklines. */
function restore(): RateSample[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept
      .filter((sample): sample is RateSample => typeof sample?.atMs === "number")
      .slice(-SAMPLES_MAX);
  } catch {
    return [];
  }
}

/** Adds the rates of an overview, unless they were added before. */
export function remember(overview: Overview): RateSample[] {
  const last = samples.at(-1);
  if (last && overview.now_unix_ms <= last.atMs) return samples;
  const { spans, logs, metrics } = overview.signals;
  const next = {
    atMs: overview.now_unix_ms,
    spans: spans.rate_per_s,
    logs: logs.rate_per_s,
    metrics: metrics.rate_per_s,
  };
  samples = [...samples, next].slice(-SAMPLES_MAX);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(samples));
  } catch {
    // The sparklines then start empty after a reload.
  }
  return samples;
}

export function ratesOf(given: RateSample[], signal: SignalName): number[] {
  return given.map((sample) => sample[signal]);
}
