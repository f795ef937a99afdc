/** The receivers and their errors; those that lost data first. */
import type { Overview, ReceiverOverview } from "../../api/generated";
import { CopyButton } from "../../components/copy-button";
import { Panel } from "../../components/panel";
import { formatCount } from "../../format/number";
import { formatAgo } from "../../time/format";
import classes from "./home.module.css";

const NAMES: Record<string, string> = {
  otlp_grpc: "OTLP gRPC",
  otlp_http: "OTLP HTTP",
  remote_write: "Remote write",
  loki_push: "Loki push",
  jaeger_grpc: "Jaeger gRPC",
  jaeger_thrift: "Jaeger Thrift",
  zipkin: "Zipkin",
};

export function receiverName(protocol: string): string {
  return NAMES[protocol] ?? protocol;
}

export function Receivers({ overview }: { overview: Overview }) {
  return (
    <Panel title="Receivers">
      {overview.receivers.length === 0 ? (
        <div className={classes.fine}>
          No receiver is configured. Enable one in the configuration to receive data.
        </div>
      ) : (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Protocol</th>
              <th>Address</th>
              <th className={`${classes.number} ${classes.wide}`}>Requests</th>
              <th className={classes.number}>Errors</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {byTrouble(overview.receivers).map((receiver) => (
              <Row
                key={receiver.protocol + receiver.address}
                receiver={receiver}
                nowMs={overview.now_unix_ms}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** Those that lost data first, and those that are off last. */
function byTrouble(receivers: ReceiverOverview[]): ReceiverOverview[] {
  const rank = ({ last_error, errors_total, state }: ReceiverOverview) =>
    last_error || errors_total > 0 ? 0 : state === "listening" ? 1 : 2;
  return [...receivers].sort((left, right) => rank(left) - rank(right));
}

function Row({ receiver, nowMs }: { receiver: ReceiverOverview; nowMs: number }) {
  const lastError = receiver.last_error;
  return (
    <>
      <tr>
        <td>
          <span className={classes.status}>
            <span className={classes.dot} data-state={receiver.state === "listening" ? "live" : "never"} />
            {receiverName(receiver.protocol)}
          </span>
        </td>
        <td>
          {receiver.state === "listening" ? (
            <span className={classes.status}>
              <span className="mono">{receiver.address}</span>
              <CopyButton text={() => receiver.address} size={18} />
            </span>
          ) : (
            <span className={classes.zero}>off</span>
          )}
        </td>
        <td className={`${classes.number} ${classes.wide}`}>{formatCount(receiver.requests_total)}</td>
        <td
          className={
            receiver.errors_total > 0
              ? `${classes.number} ${classes.bad}`
              : `${classes.number} ${classes.zero}`
          }
        >
          {formatCount(receiver.errors_total)}
        </td>
        <td>{formatAgo(receiver.last_request_unix_ms, nowMs)}</td>
      </tr>
      {lastError && (
        <tr>
          <td colSpan={5}>
            <div className={classes.error}>
              {formatAgo(lastError.at_unix_ms, nowMs)}: {lastError.message}
            </div>
          </td>
        </tr>
      )}
    </>
  );
}
