/** The form of a new alerting rule, and the text that it writes to a file of the data folder. */
import { Autocomplete, Button, Select, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { conditionOf } from "../../alerts/threshold";
import { ALERTING_KEY, useAlertingRefresh, useRuleGroups } from "../../alerts/use-alerts";
import { fetchRuleFiles, saveRuleFile } from "../../api/alerting";
import type { RuleFileEntry } from "../../api/generated";
import { positionIn } from "../../api/http";
import { queryLogsInstant } from "../../api/loki";
import { queryInstant } from "../../api/prometheus";
import type { RuleLanguage } from "../../api/rules";
import { CopyButton } from "../../components/copy-button";
import { ErrorMessage } from "../../components/error-message";
import { Panel } from "../../components/panel";
import { QueryEditor } from "../../editor/query-editor";
import { useMetricSources } from "../../editor/use-metric-sources";
import { formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { msToNanos } from "../../time/format";
import classes from "./forms.module.css";
import { AlertsPage } from "./page";
import { ReplayButton } from "./replay/replay-button";
import { fileNameOf, fileWith, newRule, type RuleDraft, ruleProblem, SEVERITIES } from "./rule-draft";

const route = getRouteApi("/alerts/rules/new");
const NEW_FILE = "";
const PAUSE_MS = 400;

export default function NewRule() {
  const { expr = "", language = "promql" } = route.useSearch();
  return (
    <AlertsPage title="New rule">
      <Form key={`${language} ${expr}`} expr={expr} language={language} />
    </AlertsPage>
  );
}

function Form({ expr, language }: { expr: string; language: RuleLanguage }) {
  const [draft, setDraft] = useState(() => newRule(expr));
  const [chosen, setChosen] = useState(NEW_FILE);
  const files = useWritable(language);
  const navigate = useNavigate();
  const refresh = useAlertingRefresh();
  const change = (part: Partial<RuleDraft>) => setDraft({ ...draft, ...part });
  const name = chosen === NEW_FILE ? fileNameOf(draft.name) : chosen;
  const read = files.find((one) => one.name === name)?.content ?? null;
  const content = fileWith(read, draft);
  const problem = ruleProblem(draft);
  const save = useMutation({
    mutationFn: () => saveRuleFile(name, { read, content }),
    onSuccess: async () => {
      await refresh();
      await navigate({ to: "/alerts/rules", search: { find: draft.name.trim() } });
    },
  });
  return (
    <div className={classes.columns}>
      <Panel title="Alert on a query" note={language === "logql" ? "LogQL" : "PromQL"}>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (problem === null) save.mutate();
          }}
        >
          <TextInput
            label="Name"
            autoFocus
            placeholder="HighErrorRate"
            value={draft.name}
            spellCheck={false}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Expression
            draft={draft}
            language={language}
            change={change}
            run={() => problem ?? save.mutate()}
          />
          <div className={classes.row}>
            <TextInput
              label="For"
              w={90}
              placeholder="none"
              value={draft.holds}
              onChange={(event) => change({ holds: event.currentTarget.value })}
            />
            <Autocomplete
              size="xs"
              label="Severity"
              w={140}
              value={draft.severity}
              data={SEVERITIES}
              comboboxProps={{ withinPortal: false }}
              onChange={(severity) => change({ severity })}
            />
          </div>
          <TextInput
            label="Summary"
            placeholder="{{ $labels.service }} fails"
            value={draft.summary}
            onChange={(event) => change({ summary: event.currentTarget.value })}
          />
          <Textarea
            size="xs"
            label="Description"
            rows={2}
            value={draft.description}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
          {save.error && <ErrorMessage error={save.error} title="The file was rejected" />}
          <div className={classes.buttons}>
            <span className={classes.hint} role="status">
              {problem ?? `Writes ${name}`}
            </span>
            <Button component={Link} {...({ to: "/alerts/rules" } as object)}>
              Cancel
            </Button>
            {problem === null && <ReplayButton rules={{ kind: "text", text: fileWith(null, draft) }} />}
            <Button type="submit" variant="filled" disabled={problem !== null} loading={save.isPending}>
              Save
            </Button>
          </div>
        </form>
      </Panel>
      <Panel title="File" actions={<CopyButton text={() => content} label="Copy the file" />}>
        <div className={classes.body}>
          <Select
            label="Written to"
            value={chosen}
            allowDeselect={false}
            data={[
              { value: NEW_FILE, label: `New file ${fileNameOf(draft.name)}` },
              ...files.map((one) => ({ value: one.name, label: one.name })),
            ]}
            onChange={(value) => setChosen(value ?? NEW_FILE)}
          />
        </div>
        <pre className={classes.pre}>{content}</pre>
      </Panel>
    </div>
  );
}

type Writable = RuleFileEntry & { name: string };

/** The files of the data folder. A file has rules of one language. */
function useWritable(language: RuleLanguage): Writable[] {
  const files = useQuery({
    queryKey: [ALERTING_KEY, "rule files"],
    queryFn: ({ signal }) => fetchRuleFiles(signal),
    retry: false,
  });
  const groups = useRuleGroups().data ?? [];
  return (files.data ?? []).filter(
    (one): one is Writable =>
      one.name !== null && !groups.some((group) => group.file === one.file && group.language !== language),
  );
}

interface ExpressionProps {
  draft: RuleDraft;
  language: RuleLanguage;
  change: (part: Partial<RuleDraft>) => void;
  run: () => void;
}

/** The expression, and what it returns now. */
function Expression({ draft: { expr }, language, change, run }: ExpressionProps) {
  const { range } = useRange();
  const sources = useMetricSources(range);
  const [settled] = useDebouncedValue(expr.trim(), PAUSE_MS);
  const answer = useQuery({
    queryKey: ["rule preview", language, settled, range.toMs],
    queryFn: ({ signal }) =>
      language === "logql"
        ? queryLogsInstant(settled, msToNanos(range.toMs), signal)
        : queryInstant(settled, range.toMs, signal),
    enabled: settled !== "",
    retry: false,
  });
  const isCurrent = settled === expr.trim() && settled !== "";
  const position = isCurrent ? positionIn(answer.error) : null;
  const found = isCurrent && answer.data ? answer.data.series.length : null;
  const unlimited = conditionOf(expr).comparison === null && !/^\s*absent/.test(expr);
  return (
    <div>
      <div className={classes.label} aria-hidden="true">
        Expression
      </div>
      <QueryEditor
        language={language}
        label="Expression"
        placeholder="An expression with a condition: rate(errors_total[5m]) > 1"
        value={expr}
        rows={2}
        errorPosition={position && { ...position, message: answer.error?.message ?? "" }}
        sources={language === "promql" ? sources : {}}
        onChange={(text) => change({ expr: text })}
        onRun={run}
      />
      {isCurrent && answer.error && <ErrorMessage error={answer.error} />}
      <p className={unlimited && isCurrent ? classes.warning : classes.hint}>
        {unlimited && isCurrent
          ? "The expression has no condition: every series would be an alert. Add a comparison, as in > 1. "
          : ""}
        {found !== null && nowText(found)}
      </p>
    </div>
  );
}

function nowText(series: number): string {
  if (series === 0) return "Now it returns nothing: no alert would be active.";
  return `Now it returns ${formatItems(series, "series", "series")}${series > 1 ? ", each an alert" : ": one alert"}.`;
}
