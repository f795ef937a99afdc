/** The traces of the Tempo API as a frame of their summaries. */
import { searchTraces } from "../../api/tempo";
import type { DataSource } from "../source";
import { traceFrame } from "../traces";
import { searchLargest, type TraceMeasure } from "./largest-traces";

export interface TempoQuery {
  /** TraceQL. */
  query: string;
  limit: number;
  /** The newest traces when absent. */
  largest?: TraceMeasure | undefined;
}

export const tempo: DataSource<TempoQuery> = {
  type: "tempo",
  query: async function* ({ query: { largest, ...query }, range }, signal) {
    const request = { ...query, ...range };
    yield [
      traceFrame(await (largest ? searchLargest(request, largest, signal) : searchTraces(request, signal))),
    ];
  },
};
