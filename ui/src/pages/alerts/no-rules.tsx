/** Shown where alerts or rules would be, while the server has none. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { CodeBlock } from "../../components/code-block";
import { EmptyState } from "../../components/empty-state";
import classes from "./alerts.module.css";

export function NoRules() {
  return (
    <EmptyState
      title="No rules are configured"
      actions={
        <Button component={Link} {...({ to: "/alerts/rules/new" } as object)}>
          Write a rule
        </Button>
      }
    >
      <p>
        Glasshouse evaluates the rule files of Prometheus and of Loki's ruler as they are, and takes the
        routes of an <code>alertmanager.yml</code>. Start it with the folder of the files, or set the key{" "}
        <code>adopt</code> in the configuration. Or choose “Alert on this” beside a query in Explore.
      </p>
      <div className={classes.how}>
        <CodeBlock text="glasshouse serve --adopt /etc/prometheus --adopt /etc/alertmanager" />
        <CodeBlock text="adopt: [/etc/prometheus, /etc/alertmanager]" />
      </div>
    </EmptyState>
  );
}
