/** The form of a silence: a new one, a changed one, or an expired one that is made again. */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { formatMatcher, keyOf, matchersProblem } from "../../alerts/matchers";
import { ALERTING_KEY, useAlertingRefresh, useAlerts, useSilences } from "../../alerts/use-alerts";
import { fetchMatching, type Matcher, type Silence, saveSilence } from "../../api/alertmanager";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { Panel } from "../../components/panel";
import { useClock } from "../../components/use-clock";
import { formatItems } from "../../format/number";
import { useStoredText } from "../../shell/preferences";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { AlertLine } from "./alert-line";
import classes from "./forms.module.css";
import { MatcherEditor } from "./matcher-editor";
import { NoAlertmanager } from "./no-alertmanager";
import { AlertsPage } from "./page";
import listClasses from "./rule-details.module.css";
import { type Draft, draftOf, filled, newDraft, PRESETS, silenceOf } from "./silence-draft";

const route = getRouteApi("/alerts/silences/new");
const PREVIEWED_MAX = 100;
const PAUSE_MS = 250;

export default function SilenceForm() {
  const { filter, silence: id } = route.useSearch();
  const { data, error, isPending, refetch } = useSilences();
  const known = data?.find((one) => one.id === id);
  return (
    <AlertsPage title={known ? "Edit silence" : "New silence"}>
      {error && !data && <ErrorMessage error={error} retry={() => void refetch()} />}
      {data === null && <NoAlertmanager />}
      {data && id !== undefined && !known && (
        <EmptyState title="Silence not found" actions={<Link to="/alerts/silences">Show silences</Link>}>
          No silence has this id. Expired silences are forgotten after some days.
        </EmptyState>
      )}
      {!isPending && data && (id === undefined || known) && (
        <Form key={`${id} ${filter}`} filter={filter} known={known} />
      )}
    </AlertsPage>
  );
}

function Form({ filter, known }: { filter: string | undefined; known: Silence | undefined }) {
  const [author, setAuthor] = useStoredText("silence-author");
  const [draft, setDraft] = useState<Draft>(() =>
    known ? draftOf(known, Date.now(), author) : newDraft(filter, author),
  );
  const nowMs = useClock(true);
  const { zone, calendar } = useRange();
  const navigate = useNavigate();
  const refresh = useAlertingRefresh();
  const { alerts = [], groups } = useAlerts();
  const names = groups.flatMap(({ rules }) =>
    rules.flatMap((rule) => (rule.kind === "alerting" ? rule.name : [])),
  );
  const made = silenceOf(draft, known, nowMs, calendar);
  const save = useMutation({
    mutationFn: saveSilence,
    onSuccess: async (id) => {
      if (draft.author !== known?.createdBy) setAuthor(draft.author.trim());
      await refresh();
      await navigate({ to: "/alerts/silences", search: { silence: id } });
    },
  });
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const send = () => {
    if ("silence" in made) save.mutate(made.silence);
  };
  return (
    <div className={classes.columns}>
      <Panel
        title={
          known ? (known.state === "expired" ? "Make the silence again" : "Edit the silence") : "New silence"
        }
      >
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <MatcherEditor
            matchers={draft.matchers}
            alerts={alerts}
            names={names}
            onChange={(matchers) => change({ matchers })}
          />
          <Duration draft={draft} known={known} change={change} />
          <TextInput
            label="Comment"
            data-autofocus
            autoFocus={filter !== undefined || known !== undefined}
            value={draft.comment}
            placeholder="Why, and who is working on it"
            onChange={(event) => change({ comment: event.currentTarget.value })}
          />
          <TextInput
            label="Your name"
            value={draft.author}
            onChange={(event) => change({ author: event.currentTarget.value })}
          />
          {save.error && <ErrorMessage error={save.error} title="The silence was rejected" />}
          <div className={classes.buttons}>
            <span className={classes.hint} role="status">
              {"problem" in made
                ? made.problem
                : `Until ${formatInstant(made.silence.endsMs, zone).slice(0, 16)}`}
            </span>
            <Button component={Link} {...({ to: "/alerts/silences" } as object)}>
              Cancel
            </Button>
            <Button type="submit" variant="filled" disabled={"problem" in made} loading={save.isPending}>
              {known && known.state !== "expired" ? "Save" : "Silence"}
            </Button>
          </div>
        </form>
      </Panel>
      <Preview matchers={filled(draft.matchers)} />
    </div>
  );
}

interface DurationProps {
  draft: Draft;
  known: Silence | undefined;
  change: (part: Partial<Draft>) => void;
}

function Duration({ draft, known, change }: DurationProps) {
  return (
    <div className={classes.row}>
      {known?.state !== "active" && (
        <TextInput
          label="Starts"
          w={190}
          value={draft.starts}
          spellCheck={false}
          onChange={(event) => change({ starts: event.currentTarget.value })}
        />
      )}
      <TextInput
        label={known?.state === "active" ? "Ends in" : "Lasts"}
        w={90}
        value={draft.duration}
        spellCheck={false}
        onChange={(event) => change({ duration: event.currentTarget.value })}
      />
      <div className={classes.presets} role="group" aria-label="Durations">
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            aria-pressed={draft.duration === preset}
            variant={draft.duration === preset ? "light" : "default"}
            onClick={() => change({ duration: preset })}
          >
            {preset}
          </Button>
        ))}
      </div>
    </div>
  );
}

/** The alerts that the silence would hide now. The server matches them as it will for the silence. */
function Preview({ matchers }: { matchers: Matcher[] }) {
  const [settled] = useDebouncedValue(matchers, PAUSE_MS);
  const filter = settled.map(formatMatcher);
  const problem = matchersProblem(matchers);
  const answer = useQuery({
    queryKey: [ALERTING_KEY, "matching", filter],
    queryFn: ({ signal }) => fetchMatching(filter, signal),
    enabled: matchersProblem(settled) === null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const found = problem ? undefined : answer.data;
  return (
    <Panel
      className={classes.preview}
      title="Would silence now"
      note={found ? formatItems(found.length, "alert") : undefined}
    >
      <div className={classes.body}>
        {problem && <p className={classes.hint}>{problem}</p>}
        {!problem && answer.error && <ErrorMessage error={answer.error} title="The matchers were rejected" />}
        {found?.length === 0 && (
          <p className={classes.warning}>
            No firing alert matches. The silence would hide only alerts that fire later.
          </p>
        )}
        <ul className={listClasses.alerts}>
          {found?.slice(0, PREVIEWED_MAX).map(({ labels, silencedBy, inhibitedBy }) => (
            <AlertLine
              key={keyOf(labels)}
              alert={{
                key: keyOf(labels),
                name: labels.alertname ?? "",
                labels,
                state: silencedBy.length > 0 ? "silenced" : inhibitedBy.length > 0 ? "inhibited" : "firing",
              }}
            />
          ))}
        </ul>
        {(found?.length ?? 0) > PREVIEWED_MAX && (
          <p className={classes.hint}>The first {PREVIEWED_MAX} are shown.</p>
        )}
      </div>
    </Panel>
  );
}
