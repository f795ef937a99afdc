/** Requests, errors and durations of each service, those in trouble first. */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { EmptyState } from "../../components/empty-state";
import { OtlpReceivers } from "../../components/otlp-receivers";
import { Panel } from "../../components/panel";
import { formatCount, formatItems, formatRate } from "../../format/number";
import { formatValue } from "../../format/units";
import { Sparkline } from "../../panels/sparkline";
import { formatDuration } from "../../time/duration";
import { serviceLogs } from "../../url/links";
import { AnswerState } from "./answer-state";
import type { Change } from "./change";
import { Delta } from "./delta";
import classes from "./home.module.css";
import { More } from "./more";
import { OpenSql } from "./open-sql";
import { servicesQuery } from "./queries";
import { requestsQuery, slowestQuery } from "./requests";
import type { Service } from "./service-health";
import type { Health } from "./use-health";

const ROWS_MAX = 12;

export function Services({ health: { services, range } }: { health: Health }) {
  const [all, setAll] = useState(false);
  const { items, states } = services;
  const spanMs = range.toMs - range.fromMs;
  return (
    <Panel
      title="Services"
      note={items && items.length > 0 ? items.length : undefined}
      actions={<OpenSql query={servicesQuery(spanMs)} />}
    >
      <AnswerState states={states} />
      {items?.length === 0 && (
        <EmptyState title="No spans in this time range">
          Choose a longer time range, or send spans over OTLP to <OtlpReceivers />.
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Service</th>
              <th title="Requests served, messages consumed and root spans">Requests/s</th>
              <th title="Share of the requests that failed">Errors</th>
              <th title="95th percentile of the durations of the requests">p95</th>
              <th className={classes.number} title="All spans with the status error">
                Error spans
              </th>
            </tr>
          </thead>
          <tbody>
            {items.slice(0, all ? undefined : ROWS_MAX).map((service) => (
              <ServiceRow key={service.name} service={service} spanMs={spanMs} />
            ))}
          </tbody>
        </table>
      )}
      <More count={items?.length ?? 0} max={ROWS_MAX} all={all} show={setAll} />
    </Panel>
  );
}

function ServiceRow({ service, spanMs }: { service: Service; spanMs: number }) {
  const { name, totals, change, trouble } = service;
  const share = totals.errors / totals.calls;
  if (totals.calls === 0) {
    return (
      <tr>
        <td>
          <Link to="/explore/logs" search={{ query: serviceLogs(name) }}>
            {name}
          </Link>
        </td>
        <td colSpan={4} className={classes.bad}>
          No spans, {formatItems(service.callsBefore, "request")} in the range before
        </td>
      </tr>
    );
  }
  return (
    <tr>
      <td className={classes.name}>
        <Link to="/explore/traces" search={{ service: name }}>
          {name}
        </Link>
      </td>
      <Measure
        points={service.calls}
        label={`Requests of ${name}`}
        color="var(--gh-series-1)"
        change={change.calls}
      >
        <Link
          to="/explore/traces"
          search={{ q: requestsQuery(service) }}
          title={`${formatItems(totals.calls, service.hasRequests ? "request" : "span")} in this time range`}
        >
          {perSecond(totals.calls, spanMs)}
        </Link>
      </Measure>
      <Measure
        points={service.shares}
        label={`Errors of ${name}`}
        color="var(--gh-error)"
        change={change.share}
        judged
      >
        <Link
          to="/explore/traces"
          search={{ q: requestsQuery(service, "status = error") }}
          className={trouble.includes("errors") ? classes.bad : share === 0 ? classes.zero : undefined}
          title={`${formatCount(totals.errors)} of ${formatCount(totals.calls)} failed`}
        >
          {formatValue(share, "percentunit", share > 0 && share < 0.1 ? 1 : 0)}
        </Link>
      </Measure>
      <Measure
        points={service.p95s}
        label={`p95 of ${name}`}
        color="var(--gh-series-4)"
        change={change.p95}
        judged
      >
        <Link
          to="/explore/traces"
          search={{ q: slowestQuery(service), sort: "longest" }}
          className={trouble.includes("slow") ? classes.bad : undefined}
        >
          {formatDuration(totals.p95Ms)}
        </Link>
      </Measure>
      <td className={classes.number}>
        <Link
          to="/explore/traces"
          search={{ service: name, status: "error" }}
          className={service.errorSpans === 0 ? classes.zero : undefined}
          title={`${formatCount(service.errorSpans)} of ${formatCount(service.spans)} spans`}
        >
          {formatCount(service.errorSpans)}
        </Link>
      </td>
    </tr>
  );
}

function perSecond(calls: number, spanMs: number): string {
  const rate = calls / (spanMs / 1_000);
  return rate < 0.01 ? "< 0.01" : formatRate(rate);
}

interface MeasureProps {
  points: number[];
  label: string;
  color: string;
  change: Change | null;
  judged?: boolean;
  children: ReactNode;
}

/** A number, its course and its change. */
function Measure({ points, label, color, change, judged = false, children }: MeasureProps) {
  return (
    <td>
      <div className={classes.measure}>
        <div className={classes.course}>
          <Sparkline values={points} label={label} color={color} height={20} />
        </div>
        {children}
        <Delta change={change} judged={judged} />
      </div>
    </td>
  );
}
