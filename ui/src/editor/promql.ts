/** PromQL: Prometheus' own grammar, completion and linter, pointed at our API. */
import type { Extension } from "@codemirror/state";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

export function promql(): Extension {
  const language = new PromQLExtension().setComplete({
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
