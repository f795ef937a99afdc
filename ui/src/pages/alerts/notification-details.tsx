/** The details of a notification, with the message exactly as it was sent. */
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { keyOf } from "../../alerts/matchers";
import type { NotificationEntry } from "../../api/generated";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatInstant } from "../../time/format";
import { AlertLine } from "./alert-line";
import classes from "./details.module.css";
import { countAlerts } from "./notification-rows";
import listClasses from "./rule-details.module.css";

const ALERTS_MAX = 100;

export function NotificationDetails({ entry, close }: { entry: NotificationEntry; close: () => void }) {
  const { zone } = useRange();
  const { receiver, integration, index, error, attempts, message, alerts } = entry;
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <h2>{receiver}</h2>
        <span className={classes.severity}>
          {integration}
          {index > 0 ? ` ${index + 1}` : ""}
        </span>
        <span className={error === null ? classes.ok : classes.error}>
          {error === null ? "sent" : "failed"}
        </span>
        <span className={classes.actions}>
          <CopyButton text={() => window.location.href} label="Copy a link to the notification" icon="link" />
          <CopyButton text={() => message} label="Copy the message" />
          <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.body}>
        {error !== null && <p className={classes.error}>{error}</p>}
        <p className={classes.facts}>
          <span>{formatInstant(entry.at_unix_ms, zone, true)}</span>
          <span>
            {attempts === 1 ? "1 try" : `${attempts} tries`}, the last took{" "}
            {formatDuration(entry.duration_ms)}
          </span>
          {entry.reason && <span>{entry.reason}</span>}
          <Link to="/alerts" search={{ receiver }}>
            Alerts of the receiver
          </Link>
        </p>
        <section className={classes.section}>
          <h3>Message</h3>
          <pre className={classes.code}>{message || "The message is empty."}</pre>
        </section>
        <section className={classes.section}>
          <h3>
            Alerts<small>{countAlerts(entry)}</small>
          </h3>
          <ul className={listClasses.alerts}>
            {alerts.slice(0, ALERTS_MAX).map(({ labels, is_firing }, at) => (
              <AlertLine
                key={at}
                alert={{
                  key: keyOf(labels),
                  name: labels.alertname ?? "",
                  labels,
                  state: is_firing ? "firing" : "resolved",
                }}
              />
            ))}
          </ul>
          {alerts.length > ALERTS_MAX && <p className={classes.faint}>The first {ALERTS_MAX} are shown.</p>}
        </section>
        <section className={classes.section}>
          <h3>Group</h3>
          <code className={classes.text}>{entry.group_key}</code>
        </section>
      </div>
    </Panel>
  );
}
