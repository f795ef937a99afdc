/** PromQL: grammar of Prometheus, completion with data from our API. */
import type { Extension } from "@codemirror/state";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import type { CompletionSources } from "./completions";
import { promqlCompletion } from "./promql-completion";

export function promql(sources: CompletionSources): Extension {
  // Errors come from the server's parser: the linter would reject `$__rate_interval`.
  return new PromQLExtension()
    .activateLinter(false)
    .setComplete({ completeStrategy: promqlCompletion(sources) })
    .asExtension();
}
