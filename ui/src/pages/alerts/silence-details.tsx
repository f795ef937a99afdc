/** The details of a silence, and what can be done with it. */
import { ActionIcon, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Alert } from "../../alerts/alert";
import { formatMatcher, formatMatchers } from "../../alerts/matchers";
import { useAlertingRefresh } from "../../alerts/use-alerts";
import { expireSilence, type Silence } from "../../api/alertmanager";
import { CopyButton } from "../../components/copy-button";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { useRange } from "../../time/context";
import { formatSpan } from "../../time/format";
import { AlertLine } from "./alert-line";
import classes from "./details.module.css";
import listClasses from "./rule-details.module.css";
import { Remaining } from "./silence-row";

const ALERTS_MAX = 100;

interface Props {
  silence: Silence;
  alerts: Alert[];
  nowMs: number;
  close: () => void;
}

export function SilenceDetails({ silence, alerts, nowMs, close }: Props) {
  const { zone } = useRange();
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <h2>{silence.state === "expired" ? "Expired silence" : "Silence"}</h2>
        <Remaining silence={silence} nowMs={nowMs} />
        <Actions silence={silence} close={close} />
      </header>
      <div className={classes.body}>
        {silence.comment && <p className={classes.summary}>{silence.comment}</p>}
        <p className={classes.facts}>
          <span>by {silence.createdBy || "nobody"}</span>
          <span>{formatSpan(silence.startsMs, silence.endsMs, zone)}</span>
          <code>{silence.id}</code>
        </p>
        <section className={classes.section}>
          <h3>Matchers</h3>
          <pre className={classes.code}>{silence.matchers.map(formatMatcher).join("\n")}</pre>
        </section>
        {silence.state === "active" && (
          <section className={classes.section}>
            <h3>
              Silences now
              {alerts.length > 0 && <small>{alerts.length}</small>}
            </h3>
            {alerts.length === 0 && (
              <p className={classes.faint}>
                No firing alert matches. Check the matchers if it should silence something, or expire it.
              </p>
            )}
            <ul className={listClasses.alerts}>
              {alerts.slice(0, ALERTS_MAX).map((alert) => (
                <AlertLine key={alert.key} alert={alert} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </Panel>
  );
}

function Actions({ silence, close }: { silence: Silence; close: () => void }) {
  const refresh = useAlertingRefresh();
  const expire = useMutation({ mutationFn: () => expireSilence(silence.id), onSettled: refresh });
  return (
    <>
      <span className={classes.actions}>
        <Button
          component={Link}
          {...({ to: "/alerts/silences/new", search: { silence: silence.id } } as object)}
        >
          {silence.state === "expired" ? "Make again" : "Edit"}
        </Button>
        {silence.state !== "expired" && (
          <Button loading={expire.isPending} onClick={() => expire.mutate()}>
            Expire
          </Button>
        )}
        <CopyButton text={() => window.location.href} label="Copy a link to the silence" icon="link" />
        <CopyButton text={() => formatMatchers(silence.matchers)} label="Copy the matchers" />
        <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
          <Icon name="close" size={13} />
        </ActionIcon>
      </span>
      {expire.error && <ErrorMessage error={expire.error} title="Not expired" />}
    </>
  );
}
