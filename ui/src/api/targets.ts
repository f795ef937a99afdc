/** The targets of scraping, from Prometheus' `/targets`. */
import { labels, list, number, record, string } from "./decode";
import { request } from "./http";
import type { Labels } from "./prometheus";

/** Dropped by relabelling, or the outcome of the last scrape. */
export type Health = "up" | "down" | "unknown" | "dropped";

export interface Target {
  pool: string;
  /** What is scraped; the address of a dropped target. */
  url: string;
  /** The same, as reached from other machines. Null when it is no web address. */
  link: string | null;
  health: Health;
  labels: Labels;
  discovered: Labels;
  error: string;
  /** Epoch milliseconds; null before the first scrape. */
  lastScrapeMs: number | null;
  durationMs: number;
  interval: string;
  timeout: string;
}

export interface Targets {
  active: Target[];
  dropped: Target[];
  /** How many targets of each pool are dropped; all of them, also when the list has fewer. */
  droppedCounts: Record<string, number>;
}

export async function fetchTargets(signal?: AbortSignal): Promise<Targets> {
  return readTargets(await request("/prometheus/api/v1/targets", { signal }));
}

export function readTargets(answer: unknown): Targets {
  const data = record(record(answer).data);
  const counts = Object.entries(record(data.droppedTargetCounts));
  return {
    active: list(data.activeTargets).map(readActive),
    dropped: list(data.droppedTargets).map(readDropped),
    droppedCounts: Object.fromEntries(counts.map(([pool, count]) => [pool, number(count)])),
  };
}

function readActive(value: unknown): Target {
  const body = record(value);
  const health = string(body.health);
  const lastScrapeMs = Date.parse(string(body.lastScrape));
  const link = string(body.globalUrl) || string(body.scrapeUrl);
  return {
    pool: string(body.scrapePool),
    url: string(body.scrapeUrl),
    link: /^https?:\/\//.test(link) ? link : null,
    health: health === "up" || health === "down" ? health : "unknown",
    labels: labels(body.labels),
    discovered: labels(body.discoveredLabels),
    error: string(body.lastError),
    // Prometheus writes the year 1 before the first scrape.
    lastScrapeMs: lastScrapeMs > 0 ? lastScrapeMs : null,
    durationMs: number(body.lastScrapeDuration) * 1_000,
    interval: string(body.scrapeInterval),
    timeout: string(body.scrapeTimeout),
  };
}

function readDropped(value: unknown): Target {
  const body = record(value);
  const discovered = labels(body.discoveredLabels);
  return {
    pool: string(body.scrapePool) || (discovered.job ?? ""),
    url: discovered.__address__ ?? "",
    link: null,
    health: "dropped",
    labels: {},
    discovered,
    error: "",
    lastScrapeMs: null,
    durationMs: 0,
    interval: discovered.__scrape_interval__ ?? "",
    timeout: discovered.__scrape_timeout__ ?? "",
  };
}
