/** Replay: what rules and routes would have done over the time range, and what another version of them would have. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReplaySearch } from "../../../alerting-routes";
import { ALERTING_KEY, useRuleGroups } from "../../../alerts/use-alerts";
import { fetchRuleFiles } from "../../../api/alerting";
import type { RuleFileEntry } from "../../../api/generated";
import { replay } from "../../../api/replay";
import type { RuleGroup } from "../../../api/rules";
import { ErrorMessage } from "../../../components/error-message";
import { Notice } from "../../../components/notice";
import { RequestState } from "../../../components/request-state";
import { useRange } from "../../../time/context";
import { AlertsPage } from "../page";
import { Result } from "./result";
import {
  type Inputs,
  requestOf,
  textNameOf,
  VERSIONS,
  type Version,
  type VersionName,
  versionOf,
} from "./source";
import { Versions } from "./versions";

const route = getRouteApi("/alerts/replay");

const NO_GROUPS: RuleGroup[] = [];
const NO_FILES: RuleFileEntry[] = [];

type Change = (part: Partial<ReplaySearch>, replace?: boolean) => void;

export default function Replay() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: Change = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const files = useQuery({
    queryKey: [ALERTING_KEY, "rule files"],
    queryFn: ({ signal }) => fetchRuleFiles(signal),
    retry: false,
  });
  const groups = useRuleGroups();
  const versions = { A: versionOf(search, "A"), B: versionOf(search, "B") };
  const inputs = groups.isPending
    ? null
    : { files: files.data, groups: groups.data ?? NO_GROUPS, textName: textNameOf(versions) };
  const runs = { A: useReplay(versions.A, inputs), B: useReplay(versions.B, inputs) };
  const names: readonly VersionName[] = versions.B ? VERSIONS : ["A"];
  const fetching = names.some((name) => runs[name].fetching);
  return (
    <AlertsPage title="Replay">
      <Versions
        versions={versions}
        errors={{ A: runs.A.error, B: runs.B.error }}
        files={files.data ?? NO_FILES}
        fetching={fetching}
        change={(part) => change({ ...part, open: undefined })}
        run={() => {
          for (const name of names) runs[name].run();
        }}
      />
      <RequestState
        fetching={fetching}
        errors={[files.error]}
        shownAtMs={0}
        cancel={() => {
          for (const name of names) runs[name].cancel();
        }}
        retry={() => void files.refetch()}
      />
      {names.map((name) => (
        <Problem
          key={name}
          of={versions.B ? ` of ${name}` : ""}
          error={runs[name].error}
          version={versions[name]}
          files={files.data}
        />
      ))}
      <Result
        answers={{ A: runs.A.answer, B: runs.B.answer }}
        versions={names}
        search={search}
        change={change}
      />
    </AlertsPage>
  );
}

interface ProblemProps {
  of: string;
  error: unknown;
  version: Version | null;
  files: RuleFileEntry[] | undefined;
}

function Problem({ of, error, version, files }: ProblemProps) {
  const rules = version?.rules;
  if (error) return <ErrorMessage error={error} title={`The replay${of} was rejected`} />;
  if (rules?.kind !== "file" || !files || files.some(({ file }) => file === rules.file)) return null;
  return (
    <Notice>No file of rules has the path {rules.file}. It may have been removed: choose another one.</Notice>
  );
}

/** Runs again when the version or the time range changes. */
function useReplay(version: Version | null, inputs: Inputs | null) {
  const { range } = useRange();
  const client = useQueryClient();
  const wanted = version && inputs && requestOf(version, range, inputs);
  const queryKey = [ALERTING_KEY, "replay", wanted];
  const { data, error, isFetching, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => (wanted ? replay(wanted, signal) : null),
    enabled: wanted !== null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return {
    answer: (version && data) ?? null,
    error: wanted ? error : null,
    fetching: isFetching,
    run: () => void (wanted && refetch()),
    cancel: () => void client.cancelQueries({ queryKey }),
  };
}
