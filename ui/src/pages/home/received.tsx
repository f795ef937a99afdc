/** The data that arrives now, by signal and by service. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Overview, ServiceOverview, SignalOverview } from "../../api/generated";
import type { SignalName } from "../../api/overview";
import { EmptyState } from "../../components/empty-state";
import { Icon, type IconName } from "../../components/icon";
import { Panel } from "../../components/panel";
import panelClasses from "../../components/panel.module.css";
import { formatBytes, formatCount, formatRate } from "../../format/number";
import { Sparkline } from "../../panels/sparkline";
import { formatDuration } from "../../time/duration";
import { formatAgo } from "../../time/format";
import { serviceLogs, serviceMetrics } from "../../url/links";
import { stateOf } from "./findings";
import { type RateSample, ratesOf } from "./history";
import classes from "./home.module.css";
import cardClasses from "./received.module.css";

const CARDS: Record<
  SignalName,
  {
    label: string;
    unit: string;
    icon: IconName;
    color: string;
    to: "/explore/traces" | "/explore/logs" | "/explore/metrics";
  }
> = {
  spans: {
    label: "Traces",
    unit: "spans/s",
    icon: "traces",
    color: "var(--gh-series-1)",
    to: "/explore/traces",
  },
  logs: { label: "Logs", unit: "records/s", icon: "logs", color: "var(--gh-series-3)", to: "/explore/logs" },
  metrics: {
    label: "Metrics",
    unit: "samples/s",
    icon: "metrics",
    color: "var(--gh-series-2)",
    to: "/explore/metrics",
  },
};

export function SignalCard({
  name,
  overview,
  samples,
}: {
  name: SignalName;
  overview: Overview;
  samples: RateSample[];
}) {
  const card = CARDS[name];
  const signal = overview.signals[name];
  const state = stateOf(signal.last_received_unix_ms, overview.now_unix_ms);
  const days = signal.retention_s / 86_400;
  return (
    <Link to={card.to} className={`${panelClasses.panel} ${cardClasses.card}`}>
      <div className={cardClasses.cardHead}>
        <Icon name={card.icon} size={14} />
        {card.label}
        <span className={classes.status}>
          <span className={classes.dot} data-state={state} />
          {state === "never" ? "no data yet" : formatAgo(signal.last_received_unix_ms, overview.now_unix_ms)}
        </span>
      </div>
      <div className={cardClasses.rate}>
        {formatRate(signal.rate_per_s)}
        <small>{card.unit}</small>
      </div>
      <Sparkline values={ratesOf(samples, name)} label={`${card.label}: recent rate`} color={card.color} />
      <dl className={classes.facts}>
        {signal.active_series !== null ? (
          <Fact name="Active series" value={formatCount(signal.active_series)} />
        ) : (
          <Fact name="Stored rows" value={formatCount(rowsOf(signal))} />
        )}
        <Fact name="On disk" value={formatBytes(signal.part_bytes)} />
        <Fact
          name="Retention"
          value={days >= 1 ? `${Math.round(days)} d` : formatDuration(signal.retention_s * 1_000)}
        />
        <Fact name="Rejected" value={formatCount(signal.rejected_total)} bad={signal.rejected_total > 0} />
      </dl>
    </Link>
  );
}

export function rowsOf(signal: SignalOverview): number {
  return signal.head_rows + signal.part_rows;
}

export function Fact({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={bad ? classes.bad : undefined}>{value}</dd>
    </div>
  );
}

export function ReceivedByService({ overview }: { overview: Overview }) {
  const services = [...overview.services].sort(
    (left, right) => activity(right) - activity(left) || left.name.localeCompare(right.name),
  );
  return (
    <Panel title="Received by service" note={services.length > 0 ? services.length : undefined}>
      {services.length === 0 ? (
        <EmptyState title="No services yet">
          A service appears here with its first span, log record or sample. Set the resource attribute{" "}
          <code>service.name</code> to name it.
        </EmptyState>
      ) : (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Service</th>
              <th className={classes.number}>Spans/s</th>
              <th className={classes.number}>Logs/s</th>
              <th className={classes.number}>Samples/s</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {services.map((service) => (
              <Row key={service.name} service={service} nowMs={overview.now_unix_ms} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function activity(service: ServiceOverview): number {
  return service.spans_per_s + service.logs_per_s + service.samples_per_s;
}

function Row({ service, nowMs }: { service: ServiceOverview; nowMs: number }) {
  const { name } = service;
  return (
    <tr>
      <td className={classes.name}>{name}</td>
      <Rate value={service.spans_per_s}>
        {(text) => (
          <Link to="/explore/traces" search={{ service: name }} aria-label={`${text} spans/s of ${name}`}>
            {text}
          </Link>
        )}
      </Rate>
      <Rate value={service.logs_per_s}>
        {(text) => (
          <Link
            to="/explore/logs"
            search={{ query: serviceLogs(name) }}
            aria-label={`${text} log records/s of ${name}`}
          >
            {text}
          </Link>
        )}
      </Rate>
      <Rate value={service.samples_per_s}>
        {(text) => (
          <Link
            to="/explore/metrics"
            search={{ expr: [serviceMetrics(name)], view: "table" }}
            aria-label={`${text} samples/s of ${name}`}
          >
            {text}
          </Link>
        )}
      </Rate>
      <td>
        <span className={classes.status}>
          <span className={classes.dot} data-state={stateOf(service.last_received_unix_ms, nowMs)} />
          {formatAgo(service.last_received_unix_ms, nowMs)}
        </span>
      </td>
    </tr>
  );
}

/** A rate of zero is a link too: what arrived before is stored. */
function Rate({ value, children }: { value: number; children: (text: string) => ReactNode }) {
  return <td className={classes.number}>{children(value > 0 ? formatRate(value) : "–")}</td>;
}
