/** A server with the rules, alerts and silences of the mock. */
import { Alerting } from "../../mock/alerting/alerting.mjs";
import * as metrics from "../../mock/metrics.mjs";
import type { Answers } from "./render";

export interface Sent {
  method: string;
  path: string;
  body: unknown;
}

/** The answers, and what was sent with another method than GET, apart from queries. */
export function alertingServer(empty = false): { answers: Answers; sent: Sent[] } {
  const alerting = new Alerting(empty);
  const sent: Sent[] = [];
  const answer = (path: string, request?: RequestInit): Response => {
    const address = new URL(path, "http://server");
    const method = request?.method ?? "GET";
    const body = String(request?.body ?? "");
    const given = {
      ...Object.fromEntries(address.searchParams),
      ...Object.fromEntries(new URLSearchParams(body)),
    };
    if (address.pathname.endsWith("/query")) return Response.json(metrics.query(given as never).body);
    if (address.pathname.endsWith("/query_range"))
      return Response.json(metrics.queryRange(given as never).body);
    if (/\/label\/__name__\/values$/.test(address.pathname))
      return Response.json({ data: metrics.labelValues("__name__", given["match[]"]) });
    if (method !== "GET")
      sent.push({ method, path: address.pathname, body: body === "" ? null : JSON.parse(body) });
    const found = alerting.answer(method, address, body);
    if (!found) return Response.json({});
    return new Response(found.body === undefined ? "" : JSON.stringify(found.body), { status: found.status });
  };
  return { answers: { "/": answer }, sent };
}
