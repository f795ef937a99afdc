/** A bordered section with an optional title bar. */
import type { ReactNode } from "react";
import classes from "./panel.module.css";

interface Props {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
}

export function Panel({ title, note, actions, children, className }: Props) {
  return (
    <section className={className ? `${classes.panel} ${className}` : classes.panel}>
      {(title || actions) && (
        <header className={classes.header}>
          {title && <h2>{title}</h2>}
          {note && <span className={classes.note}>{note}</span>}
          {actions && <div className={classes.actions}>{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}
