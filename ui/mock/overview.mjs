// @ts-check
/** The overview of the mock server, with or without data. */
/** @import { Overview, ReceiverOverview, ServiceOverview, SignalOverview } from "../src/api/generated" */

/** @type {(value: number, now: number) => number} */
const fluctuate = (value, now) => value * (0.9 + 0.2 * Math.abs(Math.sin(now / 9_000 + value)));

/** @type {(rate: number, total: number, days: number, now: number, rest?: Partial<SignalOverview>) => SignalOverview} */
function signal(rate, total, days, now, rest = {}) {
  return {
    items_total: total,
    rate_per_s: fluctuate(rate, now),
    rejected_total: 0,
    last_received_unix_ms: total === 0 ? null : now - 1_200,
    head_rows: Math.round(total / 9),
    part_rows: total,
    part_bytes: total * 41,
    retention_s: days * 86_400,
    active_series: null,
    ...rest,
  };
}

/** @type {(name: string, rates: [number, number, number], agoMs: number, now: number) => ServiceOverview} */
function service(name, [spans, logs, samples], agoMs, now) {
  return {
    name,
    spans_per_s: fluctuate(spans, now),
    logs_per_s: fluctuate(logs, now),
    samples_per_s: fluctuate(samples, now),
    last_received_unix_ms: now - agoMs,
  };
}

/** @type {(protocol: string, port: number, requests: number, now: number, error?: string) => ReceiverOverview} */
function receiver(protocol, port, requests, now, error) {
  return {
    protocol,
    address: `127.0.0.1:${port}`,
    state: "listening",
    requests_total: requests,
    errors_total: error ? 3 : 0,
    last_request_unix_ms: requests === 0 ? null : now - 1_200,
    last_error: error ? { message: error, at_unix_ms: now - 380_000 } : null,
  };
}

/** @type {(dataset: { startedMs: number }, empty: boolean) => Overview} */
export function overview(dataset, empty) {
  const now = Date.now();
  const common = {
    version: "0.1.0",
    now_unix_ms: now,
    uptime_s: Math.round((now - dataset.startedMs) / 1_000) + 8_100,
  };
  if (empty) {
    return {
      ...common,
      data_dir_bytes: 41_200,
      signals: {
        spans: signal(0, 0, 7, now),
        logs: signal(0, 0, 7, now),
        metrics: signal(0, 0, 30, now, { active_series: 0 }),
      },
      services: [],
      receivers: [receiver("otlp_grpc", 4317, 0, now), receiver("otlp_http", 4318, 0, now)],
      hints: [],
    };
  }
  const rejected = "17 log records rejected: timestamp is too far in the future";
  return {
    ...common,
    data_dir_bytes: 183_400_000,
    signals: {
      spans: signal(312.4, 2_184_220, 7, now),
      logs: signal(148.2, 991_020, 7, now, { rejected_total: 17 }),
      metrics: signal(1_204, 9_120_440, 30, now, { active_series: 2_062 }),
    },
    services: [
      service("alex-agent", [180, 81, 640], 1_200, now),
      service("llm-gateway", [98, 52, 402], 3_100, now),
      service("tool-runner", [34, 15, 162], 2_400, now),
      service("billing", [0, 0, 0], 1_500_000, now),
    ],
    receivers: [receiver("otlp_grpc", 4317, 48_211, now), receiver("otlp_http", 4318, 9_120, now, rejected)],
    hints: [
      {
        signal: "logs",
        message: "17 logs were rejected since the start; the receivers below show the reason.",
      },
    ],
  };
}
