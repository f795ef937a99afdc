/** The largest entries, with a bar for their size. A click shows the entry's series. */
import { Link } from "@tanstack/react-router";
import type { Count } from "../../api/cardinality";
import { Panel } from "../../components/panel";
import type { MetricsSearch } from "../../routes";
import classes from "./cardinality.module.css";

interface Props {
  title: string;
  /** The headings of names and values. */
  columns: [string, string];
  rows: Count[];
  format: (value: number) => string;
  /** Of all entries, also those that are not listed; without it no share is shown. */
  total?: number;
  /** The view of metrics that a click opens. */
  search: (entry: Count) => MetricsSearch;
}

export function TopTable({ title, columns, rows, format, total, search }: Props) {
  const largest = Math.max(1, ...rows.map(({ value }) => value));
  return (
    <Panel title={title}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>{columns[0]}</th>
            <th>{columns[1]}</th>
            {total !== undefined && <th>Share</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((entry) => (
            <tr key={entry.name}>
              <td>
                <i style={{ width: `${(entry.value / largest) * 100}%` }} />
                <Link to="/explore/metrics" search={search(entry)} title={entry.name} preload={false}>
                  {entry.name}
                </Link>
              </td>
              <td>{format(entry.value)}</td>
              {total !== undefined && <td>{share(entry.value, total)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function share(value: number, total: number): string {
  const percent = (value / Math.max(1, total)) * 100;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}
