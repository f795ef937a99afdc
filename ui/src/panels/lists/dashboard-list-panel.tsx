/** The dashboard list: links to dashboards, by tags, folder and text. */
import type { DashboardEntry } from "../../api/generated";
import { ErrorMessage } from "../../components/error-message";
import { useDashboardList } from "../../data/dashboard-list";
import { safeUrl } from "../links";
import { Nothing } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import classes from "./lists.module.css";
import type { DashboardListOptions } from "./options";

export default function DashboardListPanel({ options, height, actions }: PanelProps<DashboardListOptions>) {
  const { data, error, isPending } = useDashboardList();
  const found = (data?.dashboards ?? []).filter((one) => matches(one, options)).slice(0, options.limit);
  return (
    <div className={classes.list} style={{ height: height ?? "100%" }}>
      {error ? (
        <ErrorMessage error={error} />
      ) : isPending ? null : found.length === 0 ? (
        <Nothing title="No dashboards">
          No dashboard has {wanted(options)}. Change the options of this panel, or add dashboards to the
          folder.
        </Nothing>
      ) : (
        <ul>
          {found.map((one) => (
            <li key={one.uid}>
              <a href={addressOf(one, actions)}>
                <span>{one.title}</span>
                {one.folder && <small>{one.folder}</small>}
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function addressOf({ uid }: DashboardEntry, actions: PanelActions | undefined): string {
  const own = `/d/${encodeURIComponent(uid)}`;
  return safeUrl(actions?.link?.(own) ?? own) ?? own;
}

function matches({ title, tags, folder }: DashboardEntry, options: DashboardListOptions): boolean {
  return (
    title.toLowerCase().includes(options.query.toLowerCase()) &&
    options.tags.every((tag) => tags.includes(tag)) &&
    (options.folder === "" || folder === options.folder)
  );
}

function wanted({ tags, folder, query }: DashboardListOptions): string {
  const parts = [
    tags.length > 0 ? `the tags ${tags.join(", ")}` : "",
    folder ? `the folder ${folder}` : "",
    query ? `“${query}” in its title` : "",
  ].filter(Boolean);
  return parts.join(" and ") || "been found";
}
