/** The text of a file of rules: those of the data folder are edited here, others are shown. */
import { Button, Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { ALERTING_KEY, useAlertingRefresh } from "../../alerts/use-alerts";
import { fetchRuleFiles, saveRuleFile } from "../../api/alerting";
import type { RuleFileEntry } from "../../api/generated";
import { ApiError, positionIn } from "../../api/http";
import { CodeBlock } from "../../components/code-block";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { Notice } from "../../components/notice";
import { QueryEditor } from "../../editor/query-editor";
import classes from "./alerts.module.css";
import formClasses from "./forms.module.css";
import { AlertsPage } from "./page";
import { ReplayButton } from "./replay/replay-button";

const route = getRouteApi("/alerts/rules/file");

export default function RuleFile() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const answer = useQuery({
    queryKey: [ALERTING_KEY, "rule files"],
    queryFn: ({ signal }) => fetchRuleFiles(signal),
    retry: false,
  });
  const files = answer.data ?? [];
  const shown = files.find(({ file }) => file === search.file) ?? (search.file ? undefined : files[0]);
  const show = (file: string | undefined) => void navigate({ search: { file } });
  return (
    <AlertsPage title="Rule files">
      <LoadingBar active={answer.isLoading} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && files.length === 0 && <NoFiles />}
      {files.length > 0 && (
        <div className={classes.tools}>
          <Select
            aria-label="File"
            w={340}
            maw="100%"
            searchable
            value={shown?.file ?? null}
            data={files.map(({ file }) => file)}
            onChange={(file) => show(file ?? undefined)}
            allowDeselect={false}
          />
          <Button component={Link} {...({ to: "/alerts/rules" } as object)}>
            Back to the rules
          </Button>
          {shown?.name === null && <ReplayButton rules={{ kind: "file", file: shown.file }} />}
        </div>
      )}
      {files.length > 0 && !shown && (
        <EmptyState title="File not found">
          No file of rules has this path. It may have been removed, or is no longer adopted.
        </EmptyState>
      )}
      {shown &&
        (shown.name === null ? (
          <Shown entry={shown} />
        ) : (
          <Editor key={shown.file} entry={shown} name={shown.name} />
        ))}
    </AlertsPage>
  );
}

function NoFiles() {
  return (
    <EmptyState
      title="No files of rules"
      actions={
        <Button component={Link} {...({ to: "/alerts/rules/new" } as object)}>
          Write a rule
        </Button>
      }
    >
      Adopt the rule files of a Prometheus or of Loki's ruler, or write a rule, which makes a file in the data
      folder.
    </EmptyState>
  );
}

function Shown({ entry }: { entry: RuleFileEntry }) {
  return (
    <>
      <Notice>
        This file belongs to the configuration. Edit it where it is; only files of the data folder are edited
        here.
      </Notice>
      <div className={formClasses.editor}>
        <CodeBlock text={entry.content} />
      </div>
    </>
  );
}

function Editor({ entry, name }: { entry: RuleFileEntry; name: string }) {
  const refresh = useAlertingRefresh();
  const [text, setText] = useState(entry.content);
  /** The text of the file when it was read or saved last. */
  const [read, setRead] = useState(entry.content);
  const [deleting, setDeleting] = useState(false);
  const save = useMutation({
    mutationFn: (content: string) => saveRuleFile(name, { read, content }),
    onSuccess: async (_answer, content) => {
      setRead(content);
      await refresh();
    },
  });
  const changed = text !== read;
  const conflict = save.error instanceof ApiError && save.error.status === 409;
  const position = save.variables === text ? positionIn(save.error) : null;
  const reread = () => {
    setText(entry.content);
    setRead(entry.content);
    save.reset();
    void refresh();
  };
  const start = () => {
    if (changed && text.trim() !== "") save.mutate(text);
  };
  return (
    <>
      <div className={classes.tools}>
        <Button
          variant="filled"
          disabled={!changed || text.trim() === ""}
          loading={save.isPending}
          title="Save (Ctrl Enter)"
          onClick={start}
        >
          Save
        </Button>
        <Button disabled={!changed} onClick={() => setText(read)}>
          Undo the changes
        </Button>
        <ReplayButton
          rules={{ kind: "file", file: entry.file }}
          other={changed ? { kind: "text", text } : undefined}
        />
        <Button onClick={() => setDeleting(true)}>Delete…</Button>
        <span className={formClasses.hint} role="status">
          {changed ? "Not saved" : save.isSuccess ? "Saved" : ""}
        </span>
      </div>
      {deleting && (
        <Notice>
          <div className={classes.tools}>
            Delete {name} and its rules?
            <Button color="red" loading={save.isPending} onClick={() => save.mutate("")}>
              Delete
            </Button>
            <Button onClick={() => setDeleting(false)}>Cancel</Button>
          </div>
        </Notice>
      )}
      {save.error && (
        <ErrorMessage error={save.error} title={conflict ? "Not saved" : "The file has a mistake"} />
      )}
      {conflict && (
        <Notice>
          <div className={classes.tools}>
            Copy your text if you need it.
            <Button onClick={reread}>Read the file again</Button>
          </div>
        </Notice>
      )}
      <div className={formClasses.editor}>
        <QueryEditor
          language="yaml"
          label="Text of the file"
          group="Rules"
          value={text}
          rows={24}
          errorPosition={position && { ...position, message: save.error?.message ?? "" }}
          onChange={setText}
          onRun={start}
        />
      </div>
    </>
  );
}
