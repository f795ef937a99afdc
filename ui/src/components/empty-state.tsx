/** Shown in place of missing content: why there is none, and what to do. */
import type { ReactNode } from "react";
import classes from "./empty-state.module.css";

export function EmptyState({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className={classes.empty} role="status">
      <h2>{title}</h2>
      {children && <div>{children}</div>}
      {actions && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}
