/** The options of the logs panel. */
import { record, strings } from "../../api/decode";
import { oneOf, text } from "../../url/search";

export interface LogsOptions {
  wrap: boolean;
  /** The oldest line is the first. */
  ascending: boolean;
  dedup: "none" | "exact" | "numbers" | "signature";
  /** Whether a row has the time of its line. */
  time: boolean;
  /** What a row shows of a line. */
  show: "message" | "raw" | "json";
  /** Texts that are marked in the lines. */
  highlight: string[];
  /** The key of a line that is opened and brought into view. */
  line: string | null;
}

export function readLogsOptions(value: unknown): LogsOptions {
  const { wrapLogMessage, prettifyLogMessage, sortOrder, dedupStrategy, showTime, show, highlight, line } =
    record(value);
  return {
    wrap: wrapLogMessage === true,
    ascending: sortOrder === "Ascending",
    dedup: oneOf(dedupStrategy, ["exact", "numbers", "signature"]) ?? "none",
    time: showTime !== false,
    show: oneOf(show, ["message", "raw", "json"]) ?? (prettifyLogMessage === true ? "json" : "message"),
    highlight: strings(highlight),
    line: text(line) ?? null,
  };
}
