/** A dashboard: reads its file, and shows it or says why it cannot. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { fetchDashboard, fetchDataSources } from "../../api/dashboards";
import type { Dashboard, DataSourceEntry } from "../../api/generated";
import { ApiError } from "../../api/http";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import type { DashboardModel, TimeSettings } from "../../dashboards/model";
import { readDashboard } from "../../dashboards/read";
import { viewTime } from "../../dashboards/view-time";
import type { DashboardSearch } from "../../routes";
import { PAGE_TIME, useViewTime, type ViewTime } from "../../time/context";
import classes from "./board.module.css";
import { BoardView } from "./board-view";
import { useDraft } from "./draft";

const route = getRouteApi("/d/$uid");
const JsonEditor = lazy(() => import("./json-editor"));

const NO_SOURCES: DataSourceEntry[] = [];

export default function DashboardPage() {
  const { uid } = route.useParams();
  const answer = useQuery({
    queryKey: ["dashboard", uid],
    queryFn: ({ signal }) => fetchDashboard(uid, signal),
  });
  const sources = useQuery({
    queryKey: ["data-sources"],
    queryFn: ({ signal }) => fetchDataSources(signal),
  });
  const { data, error } = answer;
  if (error instanceof ApiError && error.kind === "not-found") return <NotFound uid={uid} />;
  if (error && !data)
    return (
      <div className={classes.board}>
        <ErrorMessage error={error} retry={() => void answer.refetch()} />
      </div>
    );
  // Without data sources their types are guessed from the dashboard.
  if (!data || sources.isPending) return <LoadingBar active />;
  return <ReadDashboard key={data.entry.uid} dashboard={data} dataSources={sources.data ?? NO_SOURCES} />;
}

interface Props {
  dashboard: Dashboard;
  dataSources: DataSourceEntry[];
}

function ReadDashboard({ dashboard, dataSources }: Props) {
  const { entry } = dashboard;
  const draft = useDraft(dashboard);
  const { json } = draft;
  const read = useMemo(() => reading(json), [json]);
  const search = route.useSearch();
  const time = useTimeOf(read.model);
  const ready = [useOwnTime(read.model), useViewTime(time)].every(Boolean);
  const navigate = route.useNavigate();
  const show = (view: DashboardSearch["edit"]) =>
    void navigate({ search: (before) => ({ ...before, edit: view }) });
  const text = search.edit === "json" || search.edit === "history" ? search.edit : undefined;
  if (text || !read.model)
    return (
      <Suspense fallback={<LoadingBar active />}>
        <JsonEditor
          dashboard={dashboard}
          draft={draft}
          view={text ?? "json"}
          problem={read.problem}
          show={show}
        />
      </Suspense>
    );
  if (!ready) return <LoadingBar active />;
  return <BoardView entry={entry} draft={draft} model={read.model} dataSources={dataSources} />;
}

type Reading = { model: DashboardModel; problem: null } | { model: null; problem: string };

function reading(json: unknown): Reading {
  try {
    return { model: readDashboard(json), problem: null };
  } catch (error) {
    return { model: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The same object while the settings are the same, also after the dashboard was saved. */
function useTimeOf(model: DashboardModel | null): ViewTime {
  const key = JSON.stringify(model?.time ?? null);
  return useMemo(() => {
    const settings = JSON.parse(key) as TimeSettings | null;
    return settings ? viewTime(settings) : PAGE_TIME;
  }, [key]);
}

/** A dashboard that is opened without a time range has its own. Whether the URL has it. */
function useOwnTime(model: DashboardModel | null): boolean {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { from = "", to = "", refresh = "" } = model?.time ?? {};
  const missing = search.from === undefined && search.to === undefined && from !== "" && to !== "";
  useEffect(() => {
    if (!missing) return;
    const own = { from, to, ...(refresh === "" ? {} : { refresh }) };
    void navigate({ search: (before) => ({ ...own, ...defined(before) }) as never, replace: true });
  }, [missing, from, to, refresh, navigate]);
  return !missing;
}

function defined(search: object): object {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}

function NotFound({ uid }: { uid: string }) {
  return (
    <EmptyState
      title="Dashboard not found"
      actions={
        <Button component={Link} to="/dashboards">
          All dashboards
        </Button>
      }
    >
      There is no dashboard with the uid <code>{uid}</code>. It may have been deleted or renamed.
    </EmptyState>
  );
}
