/** `GET /api/overview`: received data by signal, service and receiver. */

import { list, number, numberOrNull, record, string } from "./decode";
import { request } from "./http";

export type SignalName = "spans" | "logs" | "metrics";
export const SIGNALS: readonly SignalName[] = ["spans", "logs", "metrics"];

export interface SignalOverview {
  itemsTotal: number;
  ratePerS: number;
  rejectedTotal: number;
  lastReceivedMs: number | null;
  headRows: number;
  partRows: number;
  partBytes: number;
  retentionS: number;
  activeSeries: number | null;
}

export interface ServiceOverview {
  name: string;
  spansPerS: number;
  logsPerS: number;
  samplesPerS: number;
  lastReceivedMs: number | null;
}

export interface ReceiverOverview {
  protocol: string;
  address: string;
  listening: boolean;
  requestsTotal: number;
  errorsTotal: number;
  lastRequestMs: number | null;
  lastError: { message: string; atMs: number } | null;
}

export interface Overview {
  version: string;
  nowMs: number;
  uptimeS: number;
  dataDirBytes: number;
  signals: Record<SignalName, SignalOverview>;
  services: ServiceOverview[];
  receivers: ReceiverOverview[];
  hints: { signal: string; message: string }[];
}

export async function fetchOverview(signal?: AbortSignal): Promise<Overview> {
  return readOverview(await request("/api/overview", { signal }));
}

export function readOverview(answer: unknown): Overview {
  const body = record(answer);
  const signals = record(body.signals);
  return {
    version: string(body.version),
    nowMs: number(body.now_unix_ms, Date.now()),
    uptimeS: number(body.uptime_s),
    dataDirBytes: number(body.data_dir_bytes),
    signals: {
      spans: readSignal(signals.spans),
      logs: readSignal(signals.logs),
      metrics: readSignal(signals.metrics),
    },
    services: list(body.services).map(readService),
    receivers: list(body.receivers).map(readReceiver),
    hints: list(body.hints).map((hint) => ({
      signal: string(record(hint).signal),
      message: string(record(hint).message),
    })),
  };
}

function readSignal(value: unknown): SignalOverview {
  const body = record(value);
  return {
    itemsTotal: number(body.items_total),
    ratePerS: number(body.rate_per_s),
    rejectedTotal: number(body.rejected_total),
    lastReceivedMs: numberOrNull(body.last_received_unix_ms),
    headRows: number(body.head_rows),
    partRows: number(body.part_rows),
    partBytes: number(body.part_bytes),
    retentionS: number(body.retention_s),
    activeSeries: numberOrNull(body.active_series),
  };
}

function readService(value: unknown): ServiceOverview {
  const body = record(value);
  return {
    name: string(body.name, "unknown_service"),
    spansPerS: number(body.spans_per_s),
    logsPerS: number(body.logs_per_s),
    samplesPerS: number(body.samples_per_s),
    lastReceivedMs: numberOrNull(body.last_received_unix_ms),
  };
}

function readReceiver(value: unknown): ReceiverOverview {
  const body = record(value);
  const error = record(body.last_error);
  return {
    protocol: string(body.protocol),
    address: string(body.address),
    listening: body.state === "listening",
    requestsTotal: number(body.requests_total),
    errorsTotal: number(body.errors_total),
    lastRequestMs: numberOrNull(body.last_request_unix_ms),
    lastError: body.last_error ? { message: string(error.message), atMs: number(error.at_unix_ms) } : null,
  };
}
