/** Targets and cardinality, as Prometheus answers them. */
import { metricSizes } from "./metrics.mjs";

const POOLS = { agent: 3, node: 40, postgres: 1, empty: 0 };

function target(pool, index) {
  const address = `10.0.${pool.length}.${index}:9100`;
  const down = index % 13 === 1;
  const fresh = index % 17 === 16;
  const discovered = {
    __address__: address,
    __metrics_path__: "/metrics",
    __scheme__: "http",
    __scrape_interval__: "15s",
    __scrape_timeout__: "10s",
    __meta_filepath: `/etc/prometheus/${pool}.json`,
    job: pool,
    zone: `z${index % 3}`,
  };
  return {
    scrapePool: pool,
    scrapeUrl: `http://${address}/metrics`,
    globalUrl: `http://${address}/metrics`,
    health: fresh ? "unknown" : down ? "down" : "up",
    labels: { instance: address, job: pool, zone: `z${index % 3}` },
    discoveredLabels: discovered,
    lastError:
      down && !fresh
        ? `Get "http://${address}/metrics": client error (Connect): tcp connect error: Connection refused`
        : "",
    lastScrape: fresh
      ? "0001-01-01T00:00:00Z"
      : new Date(Date.now() - (index % 15) * 1_000 - 400).toISOString(),
    lastScrapeDuration: fresh ? 0 : 0.004 + (index % 7) * 0.011,
    scrapeInterval: "15s",
    scrapeTimeout: "10s",
  };
}

export function targets(empty) {
  const pools = empty ? [] : Object.entries(POOLS);
  const activeTargets = pools.flatMap(([pool, count]) =>
    Array.from({ length: count }, (_, index) => target(pool, index)),
  );
  const droppedTargets = empty
    ? []
    : [{ scrapePool: "node", discoveredLabels: { __address__: "10.0.9.9:80", job: "node" } }];
  const droppedTargetCounts = Object.fromEntries(pools.map(([pool]) => [pool, pool === "node" ? 1 : 0]));
  return { status: "success", data: { activeTargets, droppedTargets, droppedTargetCounts } };
}

const largest = (counts, limit) =>
  Object.entries(counts)
    .map(([name, value]) => ({ name, value }))
    .sort((left, right) => right.value - left.value)
    .slice(0, limit);

export function cardinality({ limit = 10 }, empty) {
  const { metrics, pairs, labels } = metricSizes();
  const numSeries = empty ? 0 : Object.values(metrics).reduce((sum, count) => sum + count, 0);
  const now = Date.now();
  const values = Object.fromEntries(Object.entries(labels).map(([name, found]) => [name, found.size]));
  const bytes = Object.fromEntries(
    Object.entries(labels).map(([name, found]) => [name, [...found].join("").length]),
  );
  const top = (counts) => (empty ? [] : largest(counts, Number(limit)));
  return {
    status: "success",
    data: {
      headStats: {
        numSeries,
        numLabelPairs: empty ? 0 : Object.keys(pairs).length,
        minTime: now - 3_600_000,
        maxTime: now,
      },
      seriesCountByMetricName: top(metrics),
      seriesCountByLabelValuePair: top(pairs),
      labelValueCountByLabelName: top(values),
      memoryInBytesByLabelName: top(bytes),
    },
  };
}
