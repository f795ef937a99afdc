/** Says that alerts reach nobody, while the server has no routes of its own. */
import { useRoutes } from "../../alerts/use-alerts";
import { CodeBlock } from "../../components/code-block";
import { EmptyState } from "../../components/empty-state";
import { Notice } from "../../components/notice";
import classes from "./alerts.module.css";

/** Whether there is a configuration; undefined until that is known. */
export function useIsNotifying(): boolean | undefined {
  const { data, isPending, error } = useRoutes();
  if (isPending || error) return undefined;
  return data !== null && (data.line > 0 || data.integrations.length > 0 || data.routes.length > 0);
}

export function NobodyNotified() {
  if (useIsNotifying() !== false) return null;
  return (
    <Notice>
      Nobody is notified: no <code>alertmanager.yml</code> is adopted. Alerts are only shown here.
    </Notice>
  );
}

/** In place of routes and notifications. */
export function NoConfiguration() {
  return (
    <EmptyState title="Nobody is notified">
      <p>
        No Alertmanager configuration is adopted: alerts are shown, but not sent. Glasshouse takes an{" "}
        <code>alertmanager.yml</code> as it is, with its routes, receivers, inhibitions and templates.
      </p>
      <div className={classes.how}>
        <CodeBlock text="glasshouse serve --adopt alertmanager.yml" />
        <CodeBlock text="adopt: [/etc/alertmanager/alertmanager.yml]" />
      </div>
    </EmptyState>
  );
}
