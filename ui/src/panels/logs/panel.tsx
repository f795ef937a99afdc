/** The logs panel: lines, each with its details on demand. */
import { useMemo } from "react";
import { logLines } from "../../data/log-lines";
import type { PanelProps } from "../panel";
import { readLines } from "./line";
import { LINES_MAX, LogList } from "./log-list";
import classes from "./logs.module.css";
import type { LogsOptions } from "./options";
import { shownLines } from "./shown-lines";

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
  const shown = useMemo(() => shownLines(lines, options), [lines, options]);
  return (
    <div className={classes.panel} style={height === undefined ? undefined : { height }}>
      <LogList lines={shown} options={options} loadMore={actions?.loadMore} />
    </div>
  );
}
