/** Lists all metrics with type and help. */
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { labelValues, metricMetadata } from "../../api/prometheus";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { DataTable } from "../../panels/data-table";
import classes from "./metrics.module.css";
import { firstQuery } from "./model";

const COLUMNS = [{ name: "metric" }, { name: "type" }, { name: "help" }];

export function MetricBrowser({ onPick }: { onPick: (expression: string) => void }) {
  const [wanted, setWanted] = useState("");
  const names = useQuery({
    queryKey: ["metric names"],
    queryFn: ({ signal }) => labelValues("__name__", {}, signal),
  });
  const metadata = useQuery({
    queryKey: ["metric metadata"],
    queryFn: ({ signal }) => metricMetadata(signal),
    retry: false,
  });
  const rows = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return (names.data ?? [])
      .map((name) => [name, ...about(name, metadata.data)])
      .filter((row) => words.every((word) => row.join(" ").toLowerCase().includes(word)));
  }, [names.data, metadata.data, wanted]);

  if (names.error) return <ErrorMessage error={names.error} retry={() => void names.refetch()} />;
  if (names.data?.length === 0) {
    return (
      <EmptyState title="No metrics are stored yet" actions={<Link to="/">Show received data</Link>}>
        Send metrics over OTLP to port 4317 (gRPC) or 4318 (HTTP).
      </EmptyState>
    );
  }
  return (
    <Panel
      title="Metrics"
      note={
        names.data
          ? `${rows.length.toLocaleString("en")} of ${names.data.length.toLocaleString("en")}`
          : "loading"
      }
      className={classes.browser}
      actions={
        <TextInput
          className={classes.search}
          leftSection={<Icon name="search" size={12} />}
          placeholder="Name, type or help"
          aria-label="Search metrics"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      }
    >
      <DataTable
        label="Metrics"
        heightMax="calc(100vh - 240px)"
        columns={COLUMNS}
        rows={rows}
        onSelect={(row) => {
          const name = rows[row]?.[0];
          if (name) onPick(firstQuery(name, metadata.data?.get(name)));
        }}
      />
    </Panel>
  );
}

/** Type and help. Those of a classic histogram or summary are stored under its base name. */
function about(
  name: string,
  metadata: Awaited<ReturnType<typeof metricMetadata>> | undefined,
): [string, string] {
  const found = metadata?.get(name) ?? metadata?.get(name.replace(/_(bucket|count|sum|total)$/, ""));
  return [found?.type ?? "", found?.help ?? ""];
}
