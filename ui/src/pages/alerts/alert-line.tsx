/** An alert in a list of the details of something else. */
import { Link } from "@tanstack/react-router";
import { type Alert, ownLabels } from "../../alerts/alert";

export function AlertLine({ alert }: { alert: Pick<Alert, "key" | "name" | "labels"> & { state?: string } }) {
  return (
    <li>
      <span data-state={alert.state}>{alert.state ?? "firing"}</span>
      <span>
        <Link to="/alerts" search={{ alert: alert.key }}>
          {alert.name}
        </Link>{" "}
        {ownLabels(alert)
          .map(([name, value]) => `${name}=${value}`)
          .join(" ")}
      </span>
    </li>
  );
}
