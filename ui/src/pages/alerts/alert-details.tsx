/** The details of one alert: what it says, why it fires, since when, who is told, and what mutes it. */
import { ActionIcon, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Alert, severityOf, summaryOf } from "../../alerts/alert";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { QueryText } from "../../components/query-text";
import { formatExact } from "../../format/number";
import { useRange } from "../../time/context";
import { queryDuration } from "../../time/duration";
import { formatAgo, formatInstant } from "../../time/format";
import { AlertChart } from "./alert-chart";
import { StateMark, shortValue } from "./alert-row";
import { alertText } from "./alert-rows";
import { Annotations } from "./annotations";
import classes from "./details.module.css";
import { exploreLink } from "./explore-link";
import { LabelList } from "./label-list";
import { Muted } from "./muted";
import { Receivers } from "./receivers";
import { useSilenceKey } from "./use-silence-key";

interface Props {
  alert: Alert;
  /** All, to name those that inhibit it. */
  alerts: Alert[];
  nowMs: number;
  close: () => void;
  find: (matcher: string) => void;
}

/** With the alert, and with the time range that the charts show. */
function linkTo(alert: Alert): string {
  const url = new URL(window.location.href);
  url.search = "";
  url.pathname = "/alerts";
  url.searchParams.set("alert", alert.key);
  return url.href;
}

export function AlertDetails({ alert, alerts, nowMs, close, find }: Props) {
  const { rule } = alert;
  useSilenceKey(alert);
  return (
    <Panel className={classes.panel}>
      <Header alert={alert} close={close} />
      <div className={classes.body}>
        <Facts alert={alert} nowMs={nowMs} />
        <Muted alert={alert} alerts={alerts} nowMs={nowMs} />
        <Annotations annotations={alert.annotations} />
        {rule && (
          <section className={classes.section}>
            <AlertChart rule={rule} labels={alert.labels} />
          </section>
        )}
        <section className={classes.section}>
          <h3>Labels</h3>
          <LabelList labels={alert.labels} find={find} />
        </section>
        <RuleOf alert={alert} />
        <Receivers alert={alert} />
      </div>
    </Panel>
  );
}

function Header({ alert, close }: { alert: Alert; close: () => void }) {
  return (
    <header className={classes.header} data-severity={severityOf(alert.labels)}>
      <StateMark alert={alert} />
      <h2>{alert.name || "(no name)"}</h2>
      {alert.labels.severity && <span className={classes.severity}>{alert.labels.severity}</span>}
      <span className={classes.actions}>
        <Button
          component={Link}
          {...({ to: "/alerts/silences/new", search: { filter: alert.key } } as object)}
          leftSection={<Icon name="silence" size={12} />}
          title="Silence the alert (s)"
        >
          Silence
        </Button>
        <CopyButton text={() => linkTo(alert)} label="Copy a link to the alert" icon="link" />
        <CopyButton text={() => alertText(alert, linkTo(alert))} label="Copy the alert as text" />
        <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
          <Icon name="close" size={13} />
        </ActionIcon>
      </span>
    </header>
  );
}

function Facts({ alert, nowMs }: { alert: Alert; nowMs: number }) {
  const { zone } = useRange();
  const { sinceMs, endedMs, value, state } = alert;
  const at = (ms: number) => `${formatInstant(ms, zone)} (${formatAgo(ms, Math.max(ms, nowMs))})`;
  const unknown = state === "resolved" && endedMs === null;
  const summary = summaryOf(alert);
  return (
    <>
      {summary && <p className={classes.summary}>{summary}</p>}
      <p className={classes.facts}>
        {unknown && <span>It is not active, and did not fire in this time range.</span>}
        {endedMs !== null && <span>Fired last {at(endedMs)}</span>}
        {sinceMs !== null && (
          <span>
            {state === "pending" ? "Pending" : "Firing"} since {at(sinceMs)}
          </span>
        )}
        {value !== null && (
          <span title={formatExact(value)}>
            Value <b>{shortValue(value)}</b>
          </span>
        )}
      </p>
    </>
  );
}

function RuleOf({ alert: { rule, managed } }: { alert: Alert }) {
  const { raw } = useRange();
  if (!rule) {
    return (
      <section className={classes.section}>
        <h3>Rule</h3>
        <p className={classes.faint}>
          No rule of this server has this alert{managed ? ": another program sent it to Alertmanager." : "."}
        </p>
      </section>
    );
  }
  const link = exploreLink(rule, raw);
  return (
    <section className={classes.section}>
      <h3>
        Rule
        {rule.forMs > 0 && <small>for {queryDuration(rule.forMs)}</small>}
        {rule.keepFiringMs > 0 && <small>keeps firing for {queryDuration(rule.keepFiringMs)}</small>}
        <span className={classes.links}>
          <Link to="/alerts/rules" search={{ rule: rule.key }}>
            Show the rule
          </Link>
          <Link to={link.to} search={link.search as never}>
            {link.label}
          </Link>
        </span>
      </h3>
      {rule.error && <p className={classes.error}>{rule.error}</p>}
      <pre className={classes.code}>
        <QueryText query={rule.expr} />
      </pre>
    </section>
  );
}
