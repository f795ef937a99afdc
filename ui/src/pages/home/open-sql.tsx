/** Opens the query of a panel in Explore. */
import { Link } from "@tanstack/react-router";
import classes from "./home.module.css";

export function OpenSql({ query, label = "SQL" }: { query: string; label?: string }) {
  return (
    <Link to="/explore/sql" search={{ query }} className={classes.action} title="Open the query in SQL">
      {label}
    </Link>
  );
}
