/** The line below a list: how many rows it has, and how to get more. */
import type { ReactNode } from "react";
import classes from "./list-foot.module.css";

interface Props {
  children: ReactNode;
  /** At the other end of the line. */
  end?: ReactNode;
}

export function ListFoot({ children, end }: Props) {
  return (
    <div className={classes.foot}>
      {children}
      {end && <span className={classes.end}>{end}</span>}
    </div>
  );
}
