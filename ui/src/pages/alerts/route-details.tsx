/** The settings of a route, and a test message to its receiver. */
import { ActionIcon, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { testReceiver } from "../../api/alerting";
import type { RouteNode } from "../../api/generated";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { queryDuration } from "../../time/duration";
import classes from "./details.module.css";

export function RouteDetails({ node, close }: { node: RouteNode; close: () => void }) {
  const seconds = (value: number) => (value === 0 ? "at once" : queryDuration(value * 1_000));
  const pairs: [string, string][] = [
    ["matchers", node.matchers.join(", ") || "none: it matches every alert"],
    ["grouped by", node.group_by.join(", ") || "nothing: all alerts are one group"],
    ["first notification after", seconds(node.group_wait_s)],
    ["new alerts of a group after", seconds(node.group_interval_s)],
    ["the same alerts again after", seconds(node.repeat_interval_s)],
    ["later routes", node.continues ? "are also looked at" : "are not looked at"],
    ["muted in", node.mute_time_intervals.join(", ")],
    ["only in", node.active_time_intervals.join(", ")],
    ["line", node.line > 0 ? String(node.line) : ""],
  ];
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <h2>{node.receiver}</h2>
        <span className={classes.severity}>{node.integrations.join(", ") || "sends nothing"}</span>
        <span className={classes.actions}>
          <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.body}>
        <dl className={classes.pairs}>
          {pairs
            .filter(([, text]) => text !== "")
            .map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
        </dl>
        <p className={classes.facts}>
          <Link to="/alerts" search={{ receiver: node.receiver }}>
            Alerts of the receiver
          </Link>
          <Link to="/alerts/notifications" search={{ receiver: node.receiver }}>
            Its notifications
          </Link>
        </p>
        {node.integrations.length > 0 && <ReceiverTest name={node.receiver} />}
      </div>
    </Panel>
  );
}

function ReceiverTest({ name }: { name: string }) {
  const test = useMutation({ mutationFn: () => testReceiver(name) });
  return (
    <section className={classes.section}>
      <div>
        <Button loading={test.isPending} onClick={() => test.mutate()}>
          Send a test message
        </Button>
      </div>
      {test.error && <ErrorMessage error={test.error} title="Not sent" />}
      {test.data?.map(({ integration, index, error, message }) => (
        <div key={`${integration} ${index}`} role="status">
          <h3>
            <span className={error === null ? classes.ok : classes.error}>
              {integration}
              {index > 0 ? ` ${index + 1}` : ""}: {error === null ? "sent" : error}
            </span>
          </h3>
          <pre className={classes.code}>{message}</pre>
        </div>
      ))}
    </section>
  );
}
