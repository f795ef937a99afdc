/** The logs of the Loki API as frames: lines, or the series of a metric query. */
import { queryLogs } from "../../api/loki";
import { msToNanos } from "../../time/format";
import { logFrame } from "../log-lines";
import type { DataSource } from "../source";
import { seriesFrames } from "./prometheus";

export interface LokiQuery {
  expr: string;
  maxLines: number;
  /** The end in epoch nanoseconds, because lines are further apart than milliseconds can tell; exclusive. */
  endNanos?: string;
}

export const loki: DataSource<LokiQuery> = {
  type: "loki",
  query: async function* ({ query, range, intervalMs }, signal) {
    const answer = await queryLogs(
      {
        query: query.expr,
        start: msToNanos(range.fromMs),
        end: query.endNanos ?? msToNanos(range.toMs),
        limit: query.maxLines,
        stepMs: intervalMs,
      },
      signal,
    );
    if (answer.kind === "lines") yield [logFrame(answer.lines)];
    else yield seriesFrames(answer.answer, query.expr, intervalMs);
  },
};
