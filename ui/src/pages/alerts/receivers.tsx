/** The receivers that an alert reaches, or would reach once it fires. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Alert } from "../../alerts/alert";
import { testRoutes } from "../../api/alerting";
import classes from "./details.module.css";

export function Receivers({ alert }: { alert: Alert }) {
  const known = alert.managed?.receivers;
  const test = useQuery({
    queryKey: ["alerting", "routes test", alert.labels],
    queryFn: ({ signal }) => testRoutes(alert.labels, signal),
    enabled: known === undefined,
    retry: false,
  });
  const receivers = known ?? test.data?.receivers;
  if (!receivers) return null;
  return (
    <section className={classes.section}>
      <h3>
        {known ? "Receivers" : "Receivers, once it fires"}
        <span className={classes.links}>
          <Link to="/alerts/routes" search={{ labels: alert.key }}>
            Show the route
          </Link>
          <Link to="/alerts/notifications" search={{ find: alert.name }}>
            Notifications
          </Link>
        </span>
      </h3>
      <p>{receivers.length > 0 ? receivers.join(", ") : "None: no route has a receiver for it."}</p>
    </section>
  );
}
