/** The details of a message that would have been sent. */
import { ActionIcon } from "@mantine/core";
import { keyOf } from "../../../alerts/matchers";
import { Icon } from "../../../components/icon";
import { Panel } from "../../../components/panel";
import { formatItems } from "../../../format/number";
import { useRange } from "../../../time/context";
import { formatInstant } from "../../../time/format";
import { AlertLine } from "../alert-line";
import classes from "../details.module.css";
import listClasses from "../rule-details.module.css";
import { alertsText, groupText } from "./messages";
import { integrationName, type MessageRow } from "./rows";

interface Props {
  row: MessageRow;
  compared: boolean;
  close: () => void;
}

export function MessageDetails({ row: { message, version }, compared, close }: Props) {
  const { zone } = useRange();
  const { alerts, alerts_total } = message;
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <h2>{message.receiver}</h2>
        <span className={classes.severity}>{integrationName(message)}</span>
        {compared && <span className={classes.severity}>with {version}</span>}
        <span className={classes.actions}>
          <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.body}>
        <p className={classes.facts}>
          <span>{formatInstant(message.at_unix_ms, zone, true)}</span>
          <span>{message.reason}</span>
        </p>
        <section className={classes.section}>
          <h3>Group</h3>
          <code className={classes.text}>{groupText(message.group_labels)}</code>
        </section>
        <section className={classes.section}>
          <h3>
            Alerts<small>{alertsText(message)}</small>
          </h3>
          <ul className={listClasses.alerts}>
            {alerts.map(({ labels, is_firing }, at) => (
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
          {alerts_total > alerts.length && (
            <p className={classes.faint}>
              The first {alerts.length} of {formatItems(alerts_total, "alert")}.
            </p>
          )}
        </section>
      </div>
    </Panel>
  );
}
