/** Shown by a panel that has nothing to draw: why, and what to do. */
import type { ReactNode } from "react";
import type { Frame } from "../data/frame";
import classes from "./no-data.module.css";

interface Props {
  frames: Frame[];
  /** What the panel needs and the frames lack; without it the frames are empty. */
  needs?: ReactNode;
}

export function NoData({ frames, needs }: Props) {
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  return (
    <Nothing title="No data">
      {rows > 0 && needs
        ? needs
        : "The queries of this panel return nothing in this time range. Select a longer range, or open the query."}
    </Nothing>
  );
}

/** Why a panel shows nothing, and what to do. */
export function Nothing({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={classes.empty} role="status">
      <b>{title}</b>
      <span>{children}</span>
    </div>
  );
}
