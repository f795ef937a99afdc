/** Calls of models by service and model; those with most failures first. */
import { number, string } from "../../api/decode";
import type { Frame } from "../../data/frame";
import { quote } from "../../url/links";
import { CALLS_MIN } from "./change";
import { MODEL_NAMES, UNKNOWN_TYPE } from "./queries";
import { rowsOf } from "./rows";

export interface ModelCalls {
  service: string;
  /** Empty when the spans name none. */
  model: string;
  calls: number;
  errors: number;
  /** The most frequent first. */
  errorTypes: { type: string; count: number }[];
  p95Ms: number;
  inputTokens: number;
  outputTokens: number;
  /** US dollars, as the spans say; null when none does. */
  cost: number | null;
}

/** This share of failed calls is trouble. */
const SHARE_MAX = 0.05;

export function modelCallsOf(frames: Frame[]): ModelCalls[] {
  const found = new Map<string, ModelCalls>();
  for (const row of rowsOf(frames)) {
    const [service, model, type] = [string(row.service_name), string(row.model), row.error_type];
    const key = JSON.stringify([service, model]);
    const known = found.get(key);
    if (type === null) {
      found.set(key, {
        service,
        model,
        calls: number(row.calls),
        errors: 0,
        errorTypes: [],
        p95Ms: number(row.p95_ms),
        inputTokens: number(row.input_tokens),
        outputTokens: number(row.output_tokens),
        cost: row.cost === null ? null : number(row.cost),
      });
    } else if (known && type !== "") {
      known.errors += number(row.calls);
      known.errorTypes.push({ type: string(type), count: number(row.calls) });
    }
  }
  const weight = ({ errors, calls }: ModelCalls) => errors / Math.max(calls, CALLS_MIN);
  return [...found.values()].sort((left, right) => weight(right) - weight(left) || right.calls - left.calls);
}

export function isFailing({ calls, errors }: ModelCalls): boolean {
  return calls >= CALLS_MIN && errors / calls >= SHARE_MAX;
}

/** TraceQL for the calls, or for those that failed, of one class. */
export function callsTraces({ service, model }: ModelCalls, failed = false, type?: string): string {
  const models = MODEL_NAMES.map((name) => `span.${name} = ${quote(model)}`).join(" || ");
  const types = ["span.error.type", "event.exception.type"]
    .map((attribute) => `${attribute} = ${quote(type ?? "")}`)
    .join(" || ");
  const conditions = [
    `resource.service.name = ${quote(service)}`,
    ...(model ? [`(${models})`] : []),
    ...(failed ? ["status = error"] : []),
    // No attribute has a class that is unknown.
    ...(type && type !== UNKNOWN_TYPE ? [`(${types})`] : []),
  ];
  return `{ ${conditions.join(" && ")} }`;
}
