/** Lists all metrics with type, unit, number of series and help. */
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { fetchCardinality } from "../../api/cardinality";
import { listMetrics } from "../../api/prometheus";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { FindInput } from "../../components/find-input";
import { Icon } from "../../components/icon";
import { NoMetrics } from "../../components/no-metrics";
import { Panel } from "../../components/panel";
import type { Cell } from "../../panels/table/data-table";
import { DataTable } from "../../panels/table/data-table";
import type { MetricsSearch } from "../../routes";
import { metricQuery } from "../../url/links";
import { useMetricSearch } from "./metric-search";
import classes from "./metrics.module.css";

const COLUMNS = [
  { name: "metric" },
  { name: "type" },
  { name: "unit" },
  { name: "series", align: "right" as const },
  { name: "help", wide: true },
];
/** More metrics than this have no number of series in the list. */
const COUNTED_MAX = 10_000;
const NO_METRICS: never[] = [];

interface Props {
  search: MetricsSearch;
  change: (part: Partial<MetricsSearch>, replace?: boolean) => void;
  onPick: (expression: string) => void;
  /** Absent when the list cannot be closed. */
  onClose: (() => void) | undefined;
}

export function MetricBrowser({ search, change, onPick, onClose }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const metrics = useQuery({
    queryKey: ["metric list"],
    queryFn: ({ signal }) => listMetrics({}, signal),
  });
  const counts = useQuery({
    queryKey: ["cardinality", COUNTED_MAX],
    queryFn: ({ signal }) => fetchCardinality(COUNTED_MAX, signal),
    retry: false,
  });
  const found = useMetricSearch(metrics.data ?? NO_METRICS, search.find ?? "");
  const rows = useMemo(() => {
    const series = new Map((counts.data?.seriesByMetric ?? []).map(({ name, value }) => [name, value]));
    const missing = counts.data && counts.data.seriesByMetric.length < COUNTED_MAX ? 0 : null;
    return found.map(({ name, type, unit, help }): Cell[] => [
      name,
      type,
      unit,
      counts.data ? (series.get(name) ?? missing) : null,
      help,
    ]);
  }, [found, counts.data]);
  const format = (value: Cell) => (typeof value === "number" ? value.toLocaleString("en") : String(value));
  if (metrics.error) return <ErrorMessage error={metrics.error} retry={() => void metrics.refetch()} />;
  if (metrics.data?.length === 0) return <NoMetrics />;
  return (
    <div ref={host}>
      <Panel
        title="Metrics"
        note={
          metrics.data
            ? `${found.length.toLocaleString("en")} of ${metrics.data.length.toLocaleString("en")}`
            : "loading"
        }
        className={classes.browser}
        actions={
          <>
            <FindInput
              value={search.find}
              onChange={(find) => change({ find }, true)}
              label="Search metrics"
              placeholder="Name, type, unit, help or label"
              group="Metrics"
              onDown={() => host.current?.querySelector<HTMLElement>("[role=grid]")?.focus()}
            />
            {onClose && (
              <ActionIcon size={24} aria-label="Close the list of metrics" onClick={onClose}>
                <Icon name="close" size={13} />
              </ActionIcon>
            )}
          </>
        }
      >
        {metrics.data && found.length === 0 ? (
          <EmptyState title="No metric matches the search">
            The words are searched in names, types, units, help texts and names of labels. Remove a word.
          </EmptyState>
        ) : (
          <DataTable
            label="Metrics"
            heightMax="calc(100vh - 240px)"
            columns={COLUMNS}
            rows={rows}
            format={format}
            sort={search.by}
            onSort={(by) => change({ by }, true)}
            onOpen={(row) => {
              const metric = found[row];
              if (metric) onPick(metricQuery(metric.name, metric));
            }}
          />
        )}
      </Panel>
    </div>
  );
}
