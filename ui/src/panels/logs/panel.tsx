/** The logs panel: lines, newest first, each with its details on demand. */
import { useMemo } from "react";
import { logLines } from "../../data/log-lines";
import type { PanelProps } from "../panel";
import { readLines } from "./line";
import { LINES_MAX, LogList } from "./log-list";
import classes from "./logs.module.css";
import type { LogsOptions } from "./options";

export default function LogsPanel({ frames, options, height, actions }: PanelProps<LogsOptions>) {
  const lines = useMemo(
    () =>
      readLines(
        frames
          .filter(({ meta }) => meta.type === "log-lines")
          .flatMap(logLines)
          .slice(0, LINES_MAX),
      ),
    [frames],
  );
  return (
    <div className={classes.panel} style={height === undefined ? undefined : { height }}>
      <LogList lines={lines} options={options} loadMore={actions?.loadMore} />
    </div>
  );
}
