/** The alert list: the alerts of all rules, by state, name and labels. */
import { byUrgency, ownLabels } from "../../alerts/alert";
import { matching, parseMatchers } from "../../alerts/matchers";
import { useAlerts } from "../../alerts/use-alerts";
import { ErrorMessage } from "../../components/error-message";
import { formatAgo } from "../../time/format";
import { Nothing } from "../no-data";
import type { PanelProps } from "../panel";
import classes from "./lists.module.css";
import type { AlertListOptions } from "./options";

export default function AlertListPanel({ options, height }: PanelProps<AlertListOptions>) {
  const { alerts, errors, atMs } = useAlerts();
  const error = errors.find((one) => one !== null);
  const wanted = matching(parseMatchers(options.labels) ?? []);
  const name = options.name.toLowerCase();
  const found = (alerts ?? [])
    .filter((alert) => options.states.includes(alert.state))
    .filter((alert) => alert.name.toLowerCase().includes(name) && wanted(alert.labels))
    .sort(byUrgency)
    .slice(0, options.limit);
  return (
    <div className={classes.list} style={{ height: height ?? "100%" }}>
      {error && !alerts ? (
        <ErrorMessage error={error} />
      ) : !alerts ? null : found.length === 0 ? (
        <Nothing title="No alerts">
          No alert is {options.states.join(" or ")}
          {name || options.labels ? " and matches the options of this panel" : ""}.
        </Nothing>
      ) : (
        <ul>
          {found.map((alert) => (
            <li key={alert.key}>
              <a href={`/alerts?alert=${encodeURIComponent(alert.key)}`}>
                <small data-state={alert.state}>{alert.state}</small>
                <span>
                  {alert.name}{" "}
                  <small>
                    {ownLabels(alert)
                      .map(([label, value]) => `${label}=${value}`)
                      .join(" ")}
                  </small>
                </span>
                <small>
                  {alert.sinceMs === null ? "" : formatAgo(alert.sinceMs, Math.max(atMs, alert.sinceMs))}
                </small>
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
