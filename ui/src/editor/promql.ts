/** PromQL: Prometheus' own grammar, completion and linter, pointed at our API. */
import type { Extension } from "@codemirror/state";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

export function promql(): Extension {
  // Mistakes come from the server's parser: there is one truth, and it knows `$__rate_interval`.
  const language = new PromQLExtension().activateLinter(false).setComplete({
    remote: {
      url: "/prometheus",
      httpMethod: "GET",
      lookbackInterval: 6 * 3_600_000,
      cache: { maxAge: 60_000 },
    },
    maxMetricsMetadata: 5_000,
  });
  return language.asExtension();
}
