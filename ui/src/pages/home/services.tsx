/** The services that send data, their rates, and links to their traces, logs and metrics. */
import { VisuallyHidden } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import type { Overview, ServiceOverview } from "../../api/generated";
import { EmptyState } from "../../components/empty-state";
import { Panel } from "../../components/panel";
import { formatRate } from "../../format/number";
import { formatAgo } from "../../time/format";
import { serviceLogs, serviceMetrics } from "../../url/links";
import { stateOf } from "./home";
import classes from "./home.module.css";

export function Services({ overview }: { overview: Overview }) {
  const services = [...overview.services].sort(
    (left, right) => activity(right) - activity(left) || left.name.localeCompare(right.name),
  );
  return (
    <Panel title="Services" note={services.length > 0 ? services.length : undefined}>
      {services.length === 0 ? (
        <EmptyState title="No services yet">
          A service appears here with its first span, log record or sample. Set the resource attribute{" "}
          <code>service.name</code> to name it.
        </EmptyState>
      ) : (
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th>Service</th>
                <th className={classes.number}>Spans/s</th>
                <th className={classes.number}>Logs/s</th>
                <th className={classes.number}>Samples/s</th>
                <th>Last seen</th>
                <th>
                  <VisuallyHidden>Open</VisuallyHidden>
                </th>
              </tr>
            </thead>
            <tbody>
              {services.map((service) => (
                <Row key={service.name} service={service} nowMs={overview.now_unix_ms} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function activity(service: ServiceOverview): number {
  return service.spans_per_s + service.logs_per_s + service.samples_per_s;
}

function Row({ service, nowMs }: { service: ServiceOverview; nowMs: number }) {
  const { name } = service;
  const navigate = useNavigate();
  return (
    <tr
      className={classes.open}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a")) return;
        void navigate({ to: "/explore/traces", search: { service: name } });
      }}
      onKeyDown={undefined}
    >
      <td>
        <Link to="/explore/traces" search={{ service: name }}>
          {name}
        </Link>
      </td>
      {[service.spans_per_s, service.logs_per_s, service.samples_per_s].map((rate, index) => (
        <td key={index} className={rate > 0 ? classes.number : `${classes.number} ${classes.zero}`}>
          {rate > 0 ? formatRate(rate) : "–"}
        </td>
      ))}
      <td>
        <span className={classes.status}>
          <span className={classes.dot} data-state={stateOf(service.last_received_unix_ms, nowMs)} />
          {formatAgo(service.last_received_unix_ms, nowMs)}
        </span>
      </td>
      <td>
        <span className={classes.links}>
          <Link to="/explore/traces" search={{ service: name }} aria-label={`Traces of ${name}`}>
            Traces
          </Link>
          <Link to="/explore/logs" search={{ query: serviceLogs(name) }} aria-label={`Logs of ${name}`}>
            Logs
          </Link>
          <Link
            to="/explore/metrics"
            search={{ expr: [serviceMetrics(name)], view: "table" }}
            aria-label={`Metrics of ${name}`}
          >
            Metrics
          </Link>
        </span>
      </td>
    </tr>
  );
}
