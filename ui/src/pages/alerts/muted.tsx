/** What mutes an alert: silences, other alerts, and time intervals. */
import { Link } from "@tanstack/react-router";
import type { Alert } from "../../alerts/alert";
import { useSilences } from "../../alerts/use-alerts";
import { Icon } from "../../components/icon";
import { formatDuration } from "../../time/duration";
import classes from "./details.module.css";

interface Props {
  alert: Alert;
  alerts: Alert[];
  nowMs: number;
}

export function Muted({ alert, alerts, nowMs }: Props) {
  const { silencedBy = [], inhibitedBy = [], mutedBy = [] } = alert.managed ?? {};
  if (silencedBy.length + inhibitedBy.length + mutedBy.length === 0) return null;
  return (
    <ul className={classes.muted}>
      {silencedBy.map((id) => (
        <li key={id}>
          <Icon name="silence" size={13} />
          <SilencedBy id={id} nowMs={nowMs} />
        </li>
      ))}
      {inhibitedBy.map((fingerprint) => {
        const source = alerts.find(({ managed }) => managed?.fingerprint === fingerprint);
        return (
          <li key={fingerprint}>
            <Icon name="minus" size={13} />
            <span>
              Inhibited by{" "}
              {source ? (
                <Link to="/alerts" search={{ alert: source.key }}>
                  {source.name}
                </Link>
              ) : (
                `the alert ${fingerprint}`
              )}
            </span>
          </li>
        );
      })}
      {mutedBy.map((name) => (
        <li key={name}>
          <Icon name="clock" size={13} />
          <span>
            Muted by the time interval <Link to="/alerts/routes">{name}</Link>
          </span>
        </li>
      ))}
    </ul>
  );
}

function SilencedBy({ id, nowMs }: { id: string; nowMs: number }) {
  const silence = useSilences().data?.find((one) => one.id === id);
  const link = (
    <Link to="/alerts/silences" search={{ silence: id }}>
      {silence ? silence.createdBy || "a silence" : `the silence ${id}`}
    </Link>
  );
  if (!silence) return <span>Silenced by {link}</span>;
  return (
    <span>
      Silenced by {link} for {formatDuration(Math.max(0, silence.endsMs - nowMs))} more
      {silence.comment && <>: {silence.comment}</>}
    </span>
  );
}
