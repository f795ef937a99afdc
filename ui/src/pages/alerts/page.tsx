/** The frame of every view of Alerts: the links between them, and the state of their requests. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRefreshed } from "../../alerts/use-alerts";
import { ALERT_VIEWS } from "../../alerts/views";
import { usePageTitle } from "../../components/use-page-title";
import classes from "./page.module.css";

interface Props {
  title: string;
  children: ReactNode;
}

export function AlertsPage({ title, children }: Props) {
  usePageTitle(title);
  useRefreshed();
  return (
    <div className={classes.page}>
      <nav className={classes.views} aria-label="Alerting">
        {ALERT_VIEWS.map(({ to, label }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === "/alerts", includeSearch: false }}>
            {label}
          </Link>
        ))}
      </nav>
      {children}
    </div>
  );
}

/** A list, and beside it the details of one of its rows. */
export function Split({ list, details }: { list: ReactNode; details: ReactNode }) {
  return (
    <div className={classes.split} data-open={Boolean(details)}>
      <div className={classes.list}>{list}</div>
      {details && <div className={classes.details}>{details}</div>}
    </div>
  );
}
