/** The time of the queries that the values of a trace lead to. */
import { useMemo } from "react";
import type { Trace } from "../../api/otlp";
import { useRange } from "../../time/context";
import { absolute } from "../../time/range";
import type { ValueContext } from "../../values/query-context";
import { nanosAsMs } from "./use-waterfall";

/** What other queries show before and after a trace. */
const AROUND_MS = 1_800_000;

/** A trace that is outside of the time range of the page has a range of its own. */
export function useValueRange({ startNs, durationNs }: Trace): ValueContext {
  const { range } = useRange();
  return useMemo(() => {
    const fromMs = Number(startNs / 1_000_000n);
    const toMs = fromMs + nanosAsMs(durationNs);
    if (fromMs >= range.fromMs && toMs <= range.toMs) return {};
    return { range: absolute({ fromMs: fromMs - AROUND_MS, toMs: toMs + AROUND_MS }) };
  }, [startNs, durationNs, range]);
}
