/** Rates as this page has seen them since it was opened: what the sparklines draw. Bounded. */
import type { Overview, SignalName } from "../../api/overview";

const SAMPLES_MAX = 180;
const KEY = "glasshouse.rates";

export interface RateSample {
  atMs: number;
  spans: number;
  logs: number;
  metrics: number;
}

let samples: RateSample[] = restore();

/** A reload within the same tab keeps its lines. */
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

/** Adds an answer of the server once; answers that come twice are ignored. */
export function remember(overview: Overview): RateSample[] {
  const last = samples.at(-1);
  if (last && overview.nowMs <= last.atMs) return samples;
  const { spans, logs, metrics } = overview.signals;
  const next = {
    atMs: overview.nowMs,
    spans: spans.ratePerS,
    logs: logs.ratePerS,
    metrics: metrics.ratePerS,
  };
  samples = [...samples, next].slice(-SAMPLES_MAX);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(samples));
  } catch {
    // The lines then restart after a reload.
  }
  return samples;
}

export function ratesOf(given: RateSample[], signal: SignalName): number[] {
  return given.map((sample) => sample[signal]);
}
