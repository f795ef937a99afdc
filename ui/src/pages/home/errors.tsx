/** Groups of errors in spans and logs: those that are new first. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { formatCount } from "../../format/number";
import { useRange } from "../../time/context";
import { formatAgo, formatInstant } from "../../time/format";
import { traceLogs } from "../../url/links";
import { AnswerState } from "./answer-state";
import { describe, type ErrorGroup, groupLogs, groupTraces } from "./error-groups";
import classes from "./home.module.css";
import { More } from "./more";
import { OpenSql } from "./open-sql";
import { logErrorsQuery, spanErrorsQuery } from "./queries";
import type { Health } from "./use-health";

const ROWS_MAX = 10;

export function Errors({ health: { errors, range } }: { health: Health }) {
  const [all, setAll] = useState(false);
  const { items, states } = errors;
  const spanMs = range.toMs - range.fromMs;
  return (
    <Panel
      title="Errors"
      note={items && items.length > 0 ? `${items.length} groups` : undefined}
      actions={
        <>
          <OpenSql query={spanErrorsQuery(spanMs)} label="SQL of spans" />
          <OpenSql query={logErrorsQuery(spanMs)} label="SQL of logs" />
        </>
      }
    >
      <AnswerState states={states} />
      {items?.length === 0 && (
        <div className={classes.fine}>
          No span has the status error, and no log record the level error or above. For errors of another
          time, change the time range.
        </div>
      )}
      {items && items.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Error</th>
              <th className={classes.number}>Count</th>
              <th className={classes.wide}>First seen</th>
              <th>Last seen</th>
              <th>Open</th>
            </tr>
          </thead>
          <tbody>
            {items.slice(0, all ? undefined : ROWS_MAX).map((group) => (
              <GroupRow key={keyOf(group)} group={group} />
            ))}
          </tbody>
        </table>
      )}
      <More count={items?.length ?? 0} max={ROWS_MAX} all={all} show={setAll} />
    </Panel>
  );
}

function keyOf({ signal, service, name, type, message }: ErrorGroup): string {
  return JSON.stringify([signal, service, name, type, message]);
}

function GroupRow({ group }: { group: ErrorGroup }) {
  const { signal, service, count, traceId, spanId } = group;
  const text = describe(group);
  return (
    <tr>
      <td className={classes.message}>
        <div className={classes.group}>
          <Icon name={signal === "spans" ? "traces" : "logs"} size={13} />
          <span className={classes.service}>{service}</span>
          {group.isNew && (
            <span className={classes.new} title="Not in the range before">
              new
            </span>
          )}
          <span className={classes.text} title={text}>
            {text}
          </span>
        </div>
      </td>
      <td className={classes.number}>
        {signal === "spans" ? (
          <Link
            to="/explore/traces"
            search={{ q: groupTraces(group) }}
            aria-label={`${formatCount(count)} spans: ${text}`}
          >
            {formatCount(count)}
          </Link>
        ) : (
          <Link
            to="/explore/logs"
            search={{ query: groupLogs(group) }}
            aria-label={`${formatCount(count)} log records: ${text}`}
          >
            {formatCount(count)}
          </Link>
        )}
      </td>
      <Seen ms={group.firstMs} className={classes.wide} />
      <Seen ms={group.lastMs} />
      <td>
        <span className={classes.links}>
          {traceId && (
            <Link
              to="/trace/$traceId"
              params={{ traceId }}
              search={spanId ? { span: spanId } : {}}
              aria-label={`Trace of the newest: ${text}`}
            >
              Trace
            </Link>
          )}
          {(traceId || signal === "logs") && (
            <Link
              to="/explore/logs"
              search={{ query: signal === "logs" ? groupLogs(group) : traceLogs(null, traceId ?? "") }}
              aria-label={`Logs: ${text}`}
            >
              Logs
            </Link>
          )}
        </span>
      </td>
    </tr>
  );
}

function Seen({ ms, className }: { ms: number; className?: string | undefined }) {
  const { nowMs, zone } = useRange();
  return (
    <td className={className ? `${classes.seen} ${className}` : classes.seen} title={formatInstant(ms, zone)}>
      {formatAgo(Math.min(ms, nowMs), nowMs)}
    </td>
  );
}
