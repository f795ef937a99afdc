/** The messages that would have been sent: how many each receiver would have got, and the list. */
import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { EmptyState } from "../../../components/empty-state";
import { formatItems } from "../../../format/number";
import { useRange } from "../../../time/context";
import { formatInstant } from "../../../time/format";
import { RowButton, RowList } from "../row-list";
import classes from "./messages.module.css";
import { type Answers, integrationName, integrationRows, type MessageRow } from "./rows";
import type { VersionName } from "./source";

/** How many messages each integration would have got. */
export function Integrations({ answers, versions }: { answers: Answers; versions: readonly VersionName[] }) {
  const rows = useMemo(() => integrationRows(answers), [answers]);
  if (rows.length === 0) return null;
  return (
    <ul className={classes.integrations} aria-label="Messages by receiver">
      {rows.map(({ key, name, integration, messages }) => (
        <li key={key}>
          <b>{name}</b>
          <small>{integration || "sends nothing"}</small>
          {versions.map((version) => (
            <span key={version}>
              {versions.length > 1 && <small>{version}</small>}{" "}
              {messages[version]?.toLocaleString("en") ?? "–"}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

interface Props {
  rows: MessageRow[];
  versions: readonly VersionName[];
  openKey: string | undefined;
  open: (key: string | undefined) => void;
}

export function Messages({ rows, versions, openKey, open }: Props) {
  const [selected, setSelected] = useState<string | null>(null);
  const toggle = ({ key }: MessageRow) => {
    setSelected(key);
    open(key === openKey ? undefined : key);
  };
  return (
    <RowList
      rows={rows}
      what="message"
      label="Messages"
      selected={selected}
      onSelect={setSelected}
      onOpen={toggle}
      openKey={openKey}
      onClose={() => open(undefined)}
    >
      {(row) => (
        <Message
          row={row}
          compared={versions.length > 1}
          open={row.key === openKey}
          onOpen={() => toggle(row)}
        />
      )}
    </RowList>
  );
}

interface MessageProps {
  row: MessageRow;
  compared: boolean;
  open: boolean;
  onOpen: () => void;
}

function Message({ row: { version, message }, compared, open, onOpen }: MessageProps) {
  const { zone } = useRange();
  return (
    <div className={classes.message} data-compared={compared}>
      {compared && <b className={classes.version}>{version}</b>}
      <span className={classes.time}>{formatInstant(message.at_unix_ms, zone).slice(5)}</span>
      <div className={classes.receiver}>
        <RowButton open={open} onClick={onOpen}>
          {message.receiver}
        </RowButton>
        <small>{integrationName(message)}</small>
      </div>
      <code className={classes.group}>{groupText(message.group_labels)}</code>
      <span className={classes.alerts}>{alertsText(message)}</span>
      <span className={classes.reason}>{message.reason}</span>
    </div>
  );
}

/** The labels that the alerts are grouped by. */
export function groupText(labels: MessageRow["message"]["group_labels"]): string {
  const parts = Object.entries(labels).filter(([, value]) => value !== "");
  return (
    parts.map(([name, value]) => (name === "alertname" ? value : `${name}=${value}`)).join(" ") ||
    "all alerts"
  );
}

/** `2 firing`, `1 resolved`; of many alerts only the first are known. */
export function alertsText({ alerts, alerts_total }: MessageRow["message"]): string {
  if (alerts_total > alerts.length) return formatItems(alerts_total, "alert");
  const firing = alerts.filter(({ is_firing }) => is_firing).length;
  return [
    ...(firing > 0 ? [`${firing} firing`] : []),
    ...(alerts.length > firing ? [`${alerts.length - firing} resolved`] : []),
  ].join(", ");
}

/** Why there are none. */
export function NoMessages({
  fired,
  filtered,
  clear,
}: {
  fired: number;
  filtered: boolean;
  clear: () => void;
}) {
  if (filtered) {
    return (
      <EmptyState
        title="No message matches the filter"
        actions={<Button onClick={clear}>Clear the filter</Button>}
      >
        Words are searched in receivers, reasons, groups and the labels of alerts.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No message would have been sent">
      {fired === 0
        ? "No alert fired in this time range. Select a longer one, or lower a limit in the text of the rules."
        : "Alerts fired, but the routes lead to receivers that send nothing, or the alerts were inhibited or muted. Choose a text for the Alertmanager configuration, and give its receivers an integration."}
    </EmptyState>
  );
}
