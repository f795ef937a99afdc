/** Cardinality: how many series there are, how their number changes, and what they come from. */
import { Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type Cardinality as Answer, type Count, fetchCardinality } from "../../api/cardinality";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { NoMetrics } from "../../components/no-metrics";
import { usePageTitle } from "../../components/use-page-title";
import { formatBytes } from "../../format/number";
import type { MetricsSearch } from "../../routes";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { metricQuery, metricsWith, valuesOf } from "../../url/links";
import classes from "./cardinality.module.css";
import { Growth } from "./growth";
import { TopTable } from "./top-table";

const route = getRouteApi("/cardinality");
const LIMIT = 20;
const LIMITS = [10, 20, 50, 100, 500];

export default function Cardinality() {
  usePageTitle("Cardinality");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range } = useRange();
  const limit = search.limit ?? LIMIT;
  const answer = useQuery({
    queryKey: ["cardinality", limit, range.toMs],
    queryFn: ({ signal }) => fetchCardinality(limit, signal),
    placeholderData: keepPreviousData,
  });
  const limits = [...new Set([...LIMITS, limit])].sort((left, right) => left - right);
  const { data } = answer;
  return (
    <div className={classes.page}>
      <LoadingBar active={answer.isFetching} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {data && data.series === 0 && !answer.error && <NoMetrics />}
      {data && data.series > 0 && !answer.error && (
        <>
          <div className={classes.tools}>
            <Facts answer={data} />
            <Select
              aria-label="Rows"
              w={110}
              value={String(limit)}
              onChange={(value) => {
                const rows = Number(value ?? LIMIT);
                void navigate({
                  search: (before) => ({ ...before, limit: rows === LIMIT ? undefined : rows }),
                });
              }}
              data={limits.map((rows) => ({ value: String(rows), label: `Top ${rows}` }))}
              allowDeselect={false}
            />
          </div>
          <Growth />
          <Tables answer={data} />
        </>
      )}
    </div>
  );
}

function Facts({ answer }: { answer: Answer }) {
  const metrics = answer.valuesByLabel.find(({ name }) => name === "__name__");
  const facts: [string, number][] = [
    [`Series in the last ${formatDuration(answer.spanMs)}`, answer.series],
    ...(metrics ? [["Metrics", metrics.value] satisfies [string, number]] : []),
    ["Label pairs", answer.labelPairs],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value.toLocaleString("en")}</dd>
        </div>
      ))}
    </dl>
  );
}

const plain = (value: number) => value.toLocaleString("en");

function Tables({ answer }: { answer: Answer }) {
  const byLabel = ({ name }: Count): MetricsSearch => ({
    expr: [valuesOf(name)],
    view: "table",
    sort: "-value",
  });
  return (
    <div className={classes.tables}>
      <TopTable
        title="Metrics with most series"
        columns={["Metric", "Series"]}
        rows={answer.seriesByMetric}
        format={plain}
        total={answer.series}
        search={({ name }) => ({ expr: [metricQuery(name)] })}
      />
      <TopTable
        title="Label values with most series"
        columns={["Label and value", "Series"]}
        rows={answer.seriesByPair}
        format={plain}
        total={answer.series}
        search={({ name }) => {
          const [label, value] = pairOf(name);
          return { expr: [metricsWith(label, value)], view: "table", sort: "-value" };
        }}
      />
      <TopTable
        title="Labels with most values"
        columns={["Label", "Values"]}
        rows={answer.valuesByLabel}
        format={plain}
        search={byLabel}
      />
      <TopTable
        title="Labels with most memory"
        columns={["Label", "Size of values"]}
        rows={answer.bytesByLabel}
        format={formatBytes}
        search={byLabel}
      />
    </div>
  );
}

/** The label and its value of `label=value`. */
function pairOf(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}
