/** The traces of the Tempo API as a frame of their summaries. */
import { searchTraces } from "../../api/tempo";
import type { DataSource } from "../source";
import { traceFrame } from "../traces";

export interface TempoQuery {
  /** TraceQL. */
  query: string;
  limit: number;
}

export const tempo: DataSource<TempoQuery> = {
  type: "tempo",
  query: async function* ({ query, range }, signal) {
    yield [traceFrame(await searchTraces({ ...query, ...range }, signal))];
  },
};
