/** The queries behind links from one signal to another. */

/** A text as a double-quoted literal; PromQL, LogQL and TraceQL share this escaping. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** All logs of a service. */
export function serviceLogs(service: string): string {
  return `{service_name=${quote(service)}}`;
}

/** The names of a service's metrics: OTLP's service.name is Prometheus' job. */
export function serviceMetrics(service: string): string {
  return `count by (__name__) ({job=~${quote(`(.+/)?${escapePattern(service)}`)}})`;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The logs of one trace, and of one span in it. */
export function traceLogs(service: string | null, traceId: string, spanId?: string): string {
  const selector = service ? serviceLogs(service) : `{service_name=~".+"}`;
  const span = spanId ? ` | span_id=${quote(spanId)}` : "";
  return `${selector} | trace_id=${quote(traceId)}${span}`;
}
