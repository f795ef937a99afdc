/** PromQL: grammar and completion of Prometheus, with data from our API. */
import type { Extension } from "@codemirror/state";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

export function promql(): Extension {
  // Errors come from the server's parser: the linter would reject `$__rate_interval`.
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
