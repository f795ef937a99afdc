/** From events to requests: how many go into one, and how it leaves. */
import type { WebVitalEvent } from "./metric.js";

/** What an endpoint accepts in one request. */
export const EVENTS_MAX = 50;
/** Browsers let requests outlive their page up to 64 KiB, all requests together. */
export const BODY_BYTES_MAX = 64 * 1024;

/** The bodies, each a JSON array within both bounds. An event that fits into none is left out. */
export function bodies(events: Iterable<WebVitalEvent>): string[] {
  const encoder = new TextEncoder();
  const all: string[] = [];
  let parts: string[] = [];
  let bytes = 2;
  const close = () => {
    if (parts.length > 0) all.push(`[${parts.join(",")}]`);
    parts = [];
    bytes = 2;
  };
  for (const event of events) {
    const part = JSON.stringify(event);
    const size = encoder.encode(part).length + 1;
    if (size + 2 > BODY_BYTES_MAX) continue;
    if (parts.length === EVENTS_MAX || bytes + size > BODY_BYTES_MAX) close();
    parts.push(part);
    bytes += size;
  }
  close();
  return all;
}

/** Where requests go and what carries them. */
export interface Delivery {
  readonly endpoint: string;
  readonly isBeaconAllowed: boolean;
  readonly fetch: typeof fetch | undefined;
  readonly fail: (error: unknown) => void;
}

/** Sends one body without waiting for an answer. A string is `text/plain`, which needs no preflight anywhere. */
export function deliver(body: string, delivery: Delivery): void {
  if (delivery.isBeaconAllowed && beacon(delivery.endpoint, body)) return;
  const send = delivery.fetch ?? globalThis.fetch;
  if (typeof send !== "function") {
    delivery.fail(new Error("Web Vitals: neither sendBeacon nor fetch is here"));
    return;
  }
  const answer = send(delivery.endpoint, {
    method: "POST",
    body,
    keepalive: true,
    credentials: "omit",
    // As with a beacon, the answer is of no interest: an endpoint of another origin need not allow reading it.
    mode: "no-cors",
    headers: { "Content-Type": "text/plain;charset=UTF-8" },
  });
  answer.then((response) => {
    if (!response.ok && response.type !== "opaque")
      delivery.fail(new Error(`Web Vitals: ${delivery.endpoint} answered ${response.status}`));
  }, delivery.fail);
}

/** False when the browser has no beacons, refuses this one, or its queue is full. */
function beacon(endpoint: string, body: string): boolean {
  try {
    return typeof navigator?.sendBeacon === "function" && navigator.sendBeacon(endpoint, body);
  } catch {
    return false;
  }
}
