/** The logs of the Loki API as frames: lines, or the series of a metric query. */
import { queryLogs, queryLogsInstant } from "../../api/loki";
import { msToNanos } from "../../time/format";
import { logFrame } from "../log-lines";
import type { DataSource } from "../source";
import { seriesFrames } from "./prometheus";

export interface LokiQuery {
  expr: string;
  maxLines: number;
  /** Only the values at the end of the range; for a metric query. */
  instant?: boolean;
  /** The end in epoch nanoseconds, because lines are further apart than milliseconds can tell; exclusive. */
  endNanos?: string;
}

export const loki: DataSource<LokiQuery> = {
  type: "loki",
  query: async function* ({ query, range, intervalMs }, signal) {
    if (query.instant) {
      yield seriesFrames(await queryLogsInstant(query.expr, msToNanos(range.toMs), signal), query.expr);
      return;
    }
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
