/** The details of a rule: its chart, its alerts, its templates, and the text of its file. */
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ownLabels } from "../../alerts/alert";
import { keyOf } from "../../alerts/matchers";
import type { Rule } from "../../api/rules";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { QueryText } from "../../components/query-text";
import { formatExact, formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { formatDuration, queryDuration } from "../../time/duration";
import { formatInstant } from "../../time/format";
import { AlertChart } from "./alert-chart";
import { shortValue } from "./alert-row";
import { Annotations } from "./annotations";
import classes from "./details.module.css";
import { exploreLink } from "./explore-link";
import { LabelList } from "./label-list";
import { sourceText } from "./replay/source";
import listClasses from "./rule-details.module.css";
import { NoDataYet, RuleMark } from "./rule-row";

const ALERTS_MAX = 50;

interface Props {
  rule: Rule;
  missing: string[];
  close: () => void;
}

export function RuleDetails({ rule, missing, close }: Props) {
  const { raw, zone } = useRange();
  const link = exploreLink(rule, raw);
  const { summary } = rule.annotations;
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <RuleMark rule={rule} missing={missing} />
        <h2>{rule.name}</h2>
        <span className={classes.actions}>
          <CopyButton text={() => window.location.href} label="Copy a link to the rule" icon="link" />
          <CopyButton text={() => rule.expr} label="Copy the expression" />
          <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.body}>
        {rule.error && <p className={classes.error}>{rule.error}</p>}
        {missing.length > 0 && <NoDataYet missing={missing} />}
        <p className={classes.facts}>
          {rule.forMs > 0 && <span>for {queryDuration(rule.forMs)}</span>}
          {rule.keepFiringMs > 0 && <span>keeps firing for {queryDuration(rule.keepFiringMs)}</span>}
          <span>
            {rule.evaluatedMs === null
              ? "not evaluated yet"
              : `evaluated ${formatInstant(rule.evaluatedMs, zone)} in ${formatDuration(rule.durationMs)}`}
          </span>
        </p>
        <section className={classes.section}>
          <h3>
            Expression
            <span className={classes.links}>
              <Link to={link.to} search={link.search as never}>
                {link.label}
              </Link>
              <Link to="/alerts/rules/file" search={{ file: rule.file }}>
                Show the file
              </Link>
              <Link
                to="/alerts/replay"
                search={{ rules: sourceText({ kind: "file", file: rule.file }), open: rule.name }}
                title="What would the rule have done in this time range?"
              >
                Replay
              </Link>
            </span>
          </h3>
          <pre className={classes.code}>
            <QueryText query={rule.expr} />
          </pre>
        </section>
        {rule.kind === "alerting" && (
          <section className={classes.section}>
            <AlertChart rule={rule} />
          </section>
        )}
        <Alerts rule={rule} />
        {Object.keys(rule.labels).length > 0 && (
          <section className={classes.section}>
            <h3>Labels</h3>
            <LabelList labels={rule.labels} />
          </section>
        )}
        {Object.keys(rule.annotations).length > 0 && (
          <section className={classes.section}>
            <h3>Annotations</h3>
            {summary && <p>{summary}</p>}
            <Annotations annotations={rule.annotations} />
          </section>
        )}
      </div>
    </Panel>
  );
}

function Alerts({ rule: { alerts } }: { rule: Rule }) {
  const { zone } = useRange();
  if (alerts.length === 0) return null;
  return (
    <section className={classes.section}>
      <h3>{formatItems(alerts.length, "alert")}</h3>
      <ul className={listClasses.alerts}>
        {alerts.slice(0, ALERTS_MAX).map((alert) => (
          <li key={keyOf(alert.labels)}>
            <span data-state={alert.state}>{alert.state}</span>
            <Link to="/alerts" search={{ alert: keyOf(alert.labels) }}>
              {ownLabels(alert)
                .map(([name, value]) => `${name}=${value}`)
                .join(" ") || "without labels"}
            </Link>
            <span title={formatExact(alert.value)}>{shortValue(alert.value)}</span>
            <span>{alert.activeMs === null ? "" : formatInstant(alert.activeMs, zone).slice(5, 16)}</span>
          </li>
        ))}
      </ul>
      {alerts.length > ALERTS_MAX && <p className={classes.faint}>The first {ALERTS_MAX} are shown.</p>}
    </section>
  );
}
