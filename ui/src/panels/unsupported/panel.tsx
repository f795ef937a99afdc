/** In place of a panel whose type this version has not: says so, and shows the data as a table. */
import { useMemo } from "react";
import type { Frame } from "../../data/frame";
import { seriesTable } from "../../data/series-table";
import { NoData } from "../no-data";
import { readTableOptions } from "../table/options";
import TablePanel from "../table/panel";
import classes from "./unsupported.module.css";

interface Props {
  type: string;
  frames: Frame[];
  height?: number | undefined;
}

const OPTIONS = readTableOptions({ label: "Data of the panel" });

export default function UnsupportedPanel({ type, frames, height }: Props) {
  const tables = useMemo(() => {
    const series = frames.every(({ meta }) => meta.type === "timeseries" || meta.type === "numeric");
    return series && frames.length > 1 ? [seriesTable(frames).frame] : frames;
  }, [frames]);
  const rows = tables.some(({ length }) => length > 0);
  return (
    <div className={classes.panel} style={{ height: height ?? "100%" }}>
      <p role="note">
        Panel type <code>{type}</code> is not supported{rows ? " – showing its data as a table" : ""}.
      </p>
      <div className={classes.table}>
        {rows ? <TablePanel frames={tables} options={OPTIONS} /> : <NoData frames={frames} />}
      </div>
    </div>
  );
}
