/** Shown where silences would be, while the server has no Alertmanager. */
import { EmptyState } from "../../components/empty-state";

export function NoAlertmanager() {
  return (
    <EmptyState title="This server has no Alertmanager">
      It evaluates rules, and does not answer below <code>/alertmanager/api/v2</code>. Silence alerts where
      they are sent to.
    </EmptyState>
  );
}
