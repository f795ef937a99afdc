/** One row of the list of alerts: a group, or an alert. */
import { type Alert, ownLabels, severityOf, summaryOf } from "../../alerts/alert";
import { Icon } from "../../components/icon";
import { formatExact } from "../../format/number";
import { useRange } from "../../time/context";
import { formatAgo, formatInstant } from "../../time/format";
import { quote } from "../../url/links";
import { ValueMenu } from "../../values/value-menu";
import classes from "./alert-row.module.css";
import type { AlertRow, Group } from "./alert-rows";
import { countStates } from "./alert-rows";
import { valuesOf } from "./label-list";
import { RowButton } from "./row-list";

interface Props {
  row: AlertRow;
  openKey: string | undefined;
  nowMs: number;
  onOpen: () => void;
}

export function AlertRowView({ row, openKey, nowMs, onOpen }: Props) {
  if (row.kind === "group") return <GroupRow group={row.group} open={row.open} onToggle={onOpen} />;
  const { alert, nested } = row;
  return (
    <div className={classes.alert} data-severity={severityOf(alert.labels)} data-nested={nested}>
      <StateMark alert={alert} />
      <div className={classes.main}>
        <RowButton open={row.key === openKey} onClick={onOpen}>
          {nested ? <span className={classes.hidden}>{alert.name}</span> : alert.name || "(no name)"}
        </RowButton>
        <Labels alert={alert} />
      </div>
      <span className={classes.summary}>{summaryOf(alert)}</span>
      <span className={classes.value} title={alert.value === null ? undefined : formatExact(alert.value)}>
        {alert.value === null ? "" : shortValue(alert.value)}
      </span>
      <Since alert={alert} nowMs={nowMs} />
      <span className={classes.actions}>
        <ValueMenu
          label={`the labels of ${alert.name}`}
          values={() => valuesOf(alert.labels)}
          focusable={false}
        />
      </span>
    </div>
  );
}

/** Four digits are enough to compare. */
export function shortValue(value: number): string {
  if (!Number.isFinite(value)) return formatExact(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
}

export function StateMark({ alert }: { alert: Pick<Alert, "state"> & Partial<Pick<Alert, "managed">> }) {
  const muted = alert.managed?.mutedBy ?? [];
  return (
    <span className={classes.state} data-state={alert.state}>
      {alert.state === "silenced" ? <Icon name="silence" size={12} /> : <i />}
      {alert.state}
      {muted.length > 0 && <small title={`Muted by ${muted.join(", ")}`}>muted</small>}
    </span>
  );
}

function Labels({ alert }: { alert: Alert }) {
  return (
    <span className={classes.labels}>
      {alert.labels.severity && <b>{alert.labels.severity}</b>}
      {ownLabels(alert).map(([name, value]) => (
        <code key={name}>
          {name}=<span>{/^[\w.:/-]+$/.test(value) ? value : quote(value)}</span>
        </code>
      ))}
    </span>
  );
}

function Since({ alert, nowMs }: { alert: Alert; nowMs: number }) {
  const { zone } = useRange();
  const ms = alert.endedMs ?? alert.sinceMs;
  return (
    <span className={classes.since} title={ms === null ? undefined : formatInstant(ms, zone)}>
      {ms === null ? "–" : formatAgo(ms, Math.max(ms, nowMs))}
    </span>
  );
}

function GroupRow({ group, open, onToggle }: { group: Group; open: boolean; onToggle: () => void }) {
  const counts = countStates(group.alerts);
  const labels = Object.entries(group.labels);
  return (
    <div className={classes.group}>
      <Icon name={open ? "down" : "right"} size={12} />
      <RowButton open={open} onClick={onToggle}>
        {group.name}
      </RowButton>
      {labels.length > 0 && (
        <span className={classes.labels}>
          {labels.map(([name, value]) => (
            <code key={name}>
              {name}=<span>{value}</span>
            </code>
          ))}
        </span>
      )}
      {Object.entries(counts).map(
        ([state, count]) =>
          count > 0 && (
            <span key={state} className={classes.count} data-state={state}>
              {count} {state}
            </span>
          ),
      )}
    </div>
  );
}
