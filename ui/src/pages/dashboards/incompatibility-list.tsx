/** What of a dashboard is not shown as in Grafana, and where. */
import type { Incompatibility } from "../../dashboards/compatibility";
import classes from "./board.module.css";

export function IncompatibilityList({ problems }: { problems: Incompatibility[] }) {
  return (
    <div className={classes.problemList}>
      {problems.map(({ kind, what, where }) => (
        <p key={`${kind} ${what}`}>
          {KINDS[kind]}
          {what}
          {where.length > 0 && <small>{where.join(", ")}</small>}
        </p>
      ))}
    </div>
  );
}

const KINDS: Record<Incompatibility["kind"], string> = {
  panel: "Not supported, shown as a table: panel type ",
  transformation: "Not supported: transformation ",
  query: "",
  variable: "Variable: ",
  dashboard: "",
};
