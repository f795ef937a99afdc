/** What a text is before it is imported: its title and its panels, and what of them is not supported. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo } from "react";
import { fetchDataSources } from "../../api/dashboards";
import type { DataSourceEntry } from "../../api/generated";
import { Notice } from "../../components/notice";
import { type Incompatibility, incompatibilities } from "../../dashboards/compatibility";
import type { DashboardModel } from "../../dashboards/model";
import { readDashboard } from "../../dashboards/read";
import { formatItems } from "../../format/number";
import { panelOf } from "../../panels/registry";
import { useRange } from "../../time/context";
import { IncompatibilityList } from "./incompatibility-list";

const NO_SOURCES: DataSourceEntry[] = [];

export function ImportCheck({ text: given }: { text: string }) {
  const text = useDeferredValue(given);
  const { raw, range, nowMs, calendar } = useRange();
  const { data: dataSources = NO_SOURCES } = useQuery({
    queryKey: ["data-sources"],
    queryFn: ({ signal }) => fetchDataSources(signal),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time range changes no problem
  const check = useMemo((): { model: DashboardModel; problems: Incompatibility[] } | null => {
    try {
      const model = readDashboard(JSON.parse(text));
      const shown = { dashboard: model, variables: {}, scoped: {}, raw, range, dataSources, nowMs, calendar };
      return {
        model,
        problems: incompatibilities({ ...shown, widthPx: 0 }, (type) => panelOf(type) !== undefined),
      };
    } catch {
      // The import itself says what is wrong.
      return null;
    }
  }, [text, dataSources]);
  if (!check) return null;
  const { model, problems } = check;
  const panels = Object.keys(model.panels).length;
  return (
    <div role="status" aria-label="Check of the dashboard">
      <b>{model.title}</b>: {formatItems(panels, "panel")}, {formatItems(model.variables.length, "variable")}
      {problems.length === 0 ? (
        ". All of it is supported."
      ) : (
        <Notice>
          {formatItems(problems.length, "problem")}; all else is shown.
          <IncompatibilityList problems={problems} />
        </Notice>
      )}
    </div>
  );
}
