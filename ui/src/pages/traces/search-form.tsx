/** The trace search: a form, or a TraceQL editor. */
import { Button, Checkbox, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { positionIn } from "../../api/http";
import { operations, services } from "../../api/jaeger";
import { Icon } from "../../components/icon";
import { QueryEditor } from "../../editor/query-editor";
import { QueryHistory } from "../../editor/query-history";
import type { TracesSearch } from "../../routes";
import { useShortcuts } from "../../shell/keyboard";
import { useRange } from "../../time/context";
import { parseDuration } from "../../time/duration";
import { formQuery } from "./query";
import classes from "./traces.module.css";

interface Props {
  search: TracesSearch;
  query: string;
  limit: number;
  error: unknown;
  change: (part: Partial<TracesSearch>) => void;
}

const LIMITS = ["20", "100", "500", "1000"];

/** The typed fields of the form. */
interface Draft {
  tags: string;
  min: string;
  max: string;
}

const bad = (text: string): boolean => text !== "" && parseDuration(text) === null;

/** The typed fields as parameters of the URL, without those that cannot be read. */
function applied({ tags, min, max }: Draft): Partial<TracesSearch> {
  return {
    tags: tags || undefined,
    ...(bad(min) ? {} : { min: min || undefined }),
    ...(bad(max) ? {} : { max: max || undefined }),
  };
}

export function SearchForm(props: Props) {
  const { search, query, change, limit } = props;
  const { tags = "", min = "", max = "" } = search;
  const [draft, setDraft] = useState<Draft>({ tags, min, max });
  useEffect(() => setDraft({ tags, min, max }), [tags, min, max]);
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  const left = useRef<{ text: string; form: string } | null>(null);
  const mode = search.q === undefined ? "form" : "traceql";
  // Whatever is changed in the form, what is typed in it applies as well: it shows no other conditions.
  const apply: Props["change"] = (part) => change(mode === "form" ? { ...applied(draft), ...part } : part);
  const switched = (value: string) => {
    const form = formQuery({ ...search, ...applied(draft) });
    if (value === "form") {
      // The form cannot show a query. It comes back unless the form is used.
      left.current = { text, form };
      change({ q: undefined });
    } else apply({ q: left.current?.form === form ? left.current.text : form });
  };
  const control = (
    <SegmentedControl
      aria-label="Search mode"
      value={mode}
      onChange={switched}
      data={[
        { value: "form", label: "Form" },
        { value: "traceql", label: "TraceQL" },
      ]}
    />
  );
  const history = (
    <QueryHistory
      language="traceql"
      draft={mode === "traceql" ? text : formQuery({ ...search, ...applied(draft) })}
      ran={search.q === undefined ? [] : [search.q]}
      onRecall={(q) => change({ q })}
    />
  );
  const limits = (
    <>
      <Select
        aria-label="Maximum number of traces"
        w={108}
        allowDeselect={false}
        value={String(limit)}
        data={[...new Set([...LIMITS, String(limit)])].map((value) => ({ value, label: `${value} traces` }))}
        onChange={(value) => apply({ limit: value === "100" || value === null ? undefined : Number(value) })}
      />
      {history}
    </>
  );
  const parts = { ...props, change: apply, control, limits };
  if (mode === "traceql") return <TraceQl {...parts} draft={text} setDraft={setText} />;
  return <Form {...parts} draft={draft} setDraft={setDraft} />;
}

type ModeProps<Typed> = Props & {
  control: React.ReactNode;
  limits: React.ReactNode;
  draft: Typed;
  setDraft: (draft: Typed) => void;
};

function TraceQl({ query, error, change, control, limits, draft, setDraft }: ModeProps<string>) {
  const { refreshNow } = useRange();
  const run = () => (draft.trim() === query ? refreshNow() : change({ q: draft.trim() || "{}" }));
  return (
    <div className={classes.traceql}>
      {control}
      <QueryEditor
        language="traceql"
        label="TraceQL query"
        group="Traces"
        placeholder='TraceQL, for example { resource.service.name = "alex-agent" && status = error }'
        value={draft}
        errorPosition={draft === query ? positionIn(error) : null}
        onChange={setDraft}
        onRun={run}
      />
      <div className={classes.form}>
        {limits}
        <Button variant="filled" h={31} onClick={run} leftSection={<Icon name="play" size={11} />}>
          Run
        </Button>
      </div>
    </div>
  );
}

function Form({ search, change, control, limits, draft, setDraft }: ModeProps<Draft>) {
  const { refreshNow } = useRange();
  const { tags = "", min = "", max = "" } = search;
  const tagsInput = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: "/", label: "Edit the search", group: "Traces", run: () => tagsInput.current?.focus() },
  ]);
  const run = () => {
    if (bad(draft.min) || bad(draft.max)) return;
    if (draft.tags === tags && draft.min === min && draft.max === max) refreshNow();
    else change({});
  };
  const field = (name: keyof typeof draft) => ({
    value: draft[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      setDraft({ ...draft, [name]: event.currentTarget.value }),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {control}
      <ServiceAndOperation search={search} change={change} />
      <TextInput
        ref={tagsInput}
        className={classes.grow}
        aria-label="Tags"
        placeholder="Tags: http.response.status_code=500 tool=search"
        spellCheck={false}
        {...field("tags")}
      />
      <TextInput
        aria-label="Minimum duration"
        placeholder="Min 100ms"
        w={86}
        error={bad(draft.min)}
        {...field("min")}
      />
      <TextInput
        aria-label="Maximum duration"
        placeholder="Max 30s"
        w={86}
        error={bad(draft.max)}
        {...field("max")}
      />
      <Checkbox
        size="xs"
        label="Errors"
        checked={search.status === "error"}
        onChange={(event) => change({ status: event.currentTarget.checked ? "error" : undefined })}
      />
      {limits}
      <Button type="submit" variant="filled" h={30} leftSection={<Icon name="search" size={12} />}>
        Search
      </Button>
    </form>
  );
}

/** Service and operation, from the Jaeger API. */
function ServiceAndOperation({ search, change }: Pick<Props, "search" | "change">) {
  const { service } = search;
  const names = useQuery({
    queryKey: ["trace services"],
    queryFn: ({ signal }) => services(signal),
    retry: false,
  });
  const found = useQuery({
    queryKey: ["trace operations", service],
    queryFn: ({ signal }) => operations(service ?? "", signal),
    enabled: service !== undefined,
    retry: false,
  });
  return (
    <>
      <Select
        aria-label="Service"
        placeholder="All services"
        w={170}
        searchable
        clearable
        value={service ?? null}
        data={withChosen(names.data, service)}
        onChange={(value) => change({ service: value ?? undefined, operation: undefined })}
      />
      <Select
        aria-label="Operation"
        placeholder="All operations"
        w={200}
        searchable
        clearable
        disabled={service === undefined}
        value={search.operation ?? null}
        data={withChosen(found.data, search.operation)}
        onChange={(value) => change({ operation: value ?? undefined })}
      />
    </>
  );
}

/** The selected name is an option even when the server does not list it. */
function withChosen(names: string[] | undefined, chosen: string | undefined): string[] {
  return [...new Set([...(names ?? []), ...(chosen ? [chosen] : [])])];
}
