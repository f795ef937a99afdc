/** The data sources that a query can name: those of the provisioning, our stores, and variables of data sources. */
import { kindOfType } from "../../../dashboards/data-sources";
import type { DataSourceRef } from "../../../dashboards/model";
import type { DashboardContext } from "../../../dashboards/scope";

/** Our stores, by the types of Grafana's plugins; there is one of each. */
const STORES = [
  { type: "prometheus", label: "Metrics (Prometheus)" },
  { type: "loki", label: "Logs (Loki)" },
  { type: "tempo", label: "Traces (Tempo)" },
  { type: "sql", label: "SQL" },
];

interface Choice {
  value: string;
  label: string;
}

export function keyOf(ref: DataSourceRef | null): string {
  return ref ? JSON.stringify([ref.type, ref.uid]) : "";
}

export function refOf(key: string | null): DataSourceRef | null {
  if (!key) return null;
  const [type, uid] = JSON.parse(key) as [string, string];
  return { type, uid };
}

export function sourceChoices(
  { dataSources, dashboard }: Pick<DashboardContext, "dataSources" | "dashboard">,
  current: DataSourceRef | null,
): Choice[] {
  const known = dataSources.map(({ name, uid, type }) => ({
    value: keyOf({ type, uid: uid || name }),
    label: name,
  }));
  const stores = STORES.filter(
    ({ type }) => !dataSources.some((one) => kindOfType(one.type) === kindOfType(type)),
  );
  const variables = dashboard.variables.filter(({ type }) => type === "datasource");
  const all = [
    { value: "", label: "Default" },
    ...known,
    ...stores.map(({ type, label }) => ({ value: keyOf({ type, uid: type }), label })),
    ...variables.map(({ name, query }) => ({
      value: keyOf({ type: typeof query === "string" ? query : "", uid: `\${${name}}` }),
      label: `\${${name}}`,
    })),
  ];
  const found = [...new Map(all.map((one) => [one.value, one])).values()];
  const key = keyOf(current);
  if (!current || found.some(({ value }) => value === key)) return found;
  return [...found, { value: key, label: current.uid || current.type }];
}
