/** The questions of Home. Each is a request of its own, so that a slow one does not hold the others. */
import { useMemo } from "react";
import { type TargetState, target, useAnswersOf, useFrames } from "../../data/source";
import { sql } from "../../data/sources/sql";
import { useRange } from "../../time/context";
import type { Range } from "../../time/range";
import { type ErrorGroup, errorGroupsOf } from "./error-groups";
import { type ModelCalls, modelCallsOf } from "./model-calls";
import { logErrorsQuery, MODEL_CALLS, SERVICES_BEFORE, servicesQuery, spanErrorsQuery } from "./queries";
import { rowsOf } from "./rows";
import { type Service, servicesOf } from "./service-health";

export interface Answered<Item> {
  /** Undefined until they are known. */
  items: Item[] | undefined;
  states: TargetState[];
}

export interface Health {
  range: Range;
  services: Answered<Service>;
  errors: Answered<ErrorGroup>;
  models: Answered<ModelCalls>;
}

export function useHealth(): Health {
  const { range } = useRange();
  const spanMs = range.toMs - range.fromMs;
  const before = { fromMs: Math.max(0, range.fromMs - spanMs), toMs: range.fromMs };
  const ask = (refId: string, rawSql: string, of: Range = range) =>
    target(refId, sql, { query: { rawSql }, range: of, intervalMs: spanMs });
  const states = useFrames([
    ask("services", servicesQuery(spanMs)),
    ask("services before", SERVICES_BEFORE, before),
    ask("failed spans", spanErrorsQuery(spanMs)),
    ask("failed logs", logErrorsQuery(spanMs)),
    ask("model calls", MODEL_CALLS),
  ]);
  const [now, then, spans, logs, calls] = useAnswersOf(states);
  const services = useMemo(() => now && servicesOf(now, then, range), [now, then, range]);
  const errors = useMemo(() => {
    if (!spans && !logs) return undefined;
    const known = new Set(rowsOf(then ?? []).map((row) => String(row.service_name)));
    return errorGroupsOf(spans ?? [], logs ?? [], known);
  }, [spans, logs, then]);
  const models = useMemo(() => calls && modelCallsOf(calls), [calls]);
  return {
    range,
    services: { items: services, states: states.slice(0, 2) },
    errors: { items: errors, states: states.slice(2, 4) },
    models: { items: models, states: states.slice(4) },
  };
}
