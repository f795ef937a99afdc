/** The options of the logs panel. */
import { record, strings } from "../../api/decode";
import { oneOf } from "../../url/search";

export interface LogsOptions {
  wrap: boolean;
  /** What a row shows of a line. */
  show: "message" | "raw" | "json";
  /** Texts that are marked in the lines. */
  highlight: string[];
}

export function readLogsOptions(value: unknown): LogsOptions {
  const { wrapLogMessage, prettifyLogMessage, show, highlight } = record(value);
  return {
    wrap: wrapLogMessage === true,
    show: oneOf(show, ["message", "raw", "json"]) ?? (prettifyLogMessage === true ? "json" : "message"),
    highlight: strings(highlight),
  };
}
