/** The queries behind links from one signal to another. */
import type { MetricMetadata } from "../api/prometheus";

/** A text as a double-quoted literal; PromQL, LogQL and TraceQL share this escaping. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** All logs of all services. */
export const ALL_LOGS = '{service_name=~".+"}';

/** All logs of a service. */
export function serviceLogs(service: string): string {
  return `{service_name=${quote(service)}}`;
}

/** The names of a service's metrics: OTLP's service.name is Prometheus' job. */
export function serviceMetrics(service: string): string {
  return `count by (__name__) ({job=~${quote(`(.+/)?${escapePattern(service)}`)}})`;
}

/** The names of the metrics of a scraped target. */
export function targetMetrics({ job, instance }: Record<string, string>): string {
  const matchers = Object.entries({ job, instance }).flatMap(([name, value]) =>
    value ? [`${name}=${quote(value)}`] : [],
  );
  return `count by (__name__) ({${matchers.join(", ")}})`;
}

/** The first query of a metric, by its type. */
export function metricQuery(name: string, metadata?: MetricMetadata): string {
  const selector = /^[a-zA-Z_:][\w:]*$/.test(name) ? name : `{${quote(name)}}`;
  if (/_bucket$/.test(name))
    return `histogram_quantile(0.95, sum by (le) (rate(${selector}[$__rate_interval])))`;
  const counter = metadata?.type === "counter" || /_(total|count|sum)$/.test(name);
  return counter ? `sum(rate(${selector}[$__rate_interval]))` : selector;
}

/** A label's name as it is written in PromQL. */
export function labelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quote(name);
}

/** The metrics with most series that have a label with a value. */
export function metricsWith(name: string, value: string): string {
  return `topk(50, count by (__name__) ({${labelName(name)}=${quote(value)}}))`;
}

/** The values of a label with most series. */
export function valuesOf(name: string): string {
  const label = labelName(name);
  return `topk(50, count by (${label}) ({${label}!=""}))`;
}

export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The logs of one trace, and of one span in it. */
export function traceLogs(service: string | null, traceId: string, spanId?: string): string {
  const selector = service ? serviceLogs(service) : ALL_LOGS;
  const span = spanId ? ` | span_id=${quote(spanId)}` : "";
  return `${selector} | trace_id=${quote(traceId)}${span}`;
}
