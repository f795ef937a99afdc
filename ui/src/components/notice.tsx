/** A warning, or a limit that was reached. For errors see `ErrorMessage`. */
import type { ReactNode } from "react";
import { Icon } from "./icon";
import classes from "./notice.module.css";

export function Notice({ children }: { children: ReactNode }) {
  return (
    <div className={classes.notice} role="note">
      <Icon name="warning" size={14} />
      <div>{children}</div>
    </div>
  );
}
