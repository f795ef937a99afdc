/** The JSON of a dashboard: edited and saved to its file, compared with what it was, saved as a new one, deleted. */
import { Button, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { deleteDashboard } from "../../api/dashboards";
import type { Dashboard } from "../../api/generated";
import { ErrorMessage } from "../../components/error-message";
import { Notice } from "../../components/notice";
import { usePageTitle } from "../../components/use-page-title";
import { QueryEditor } from "../../editor/query-editor";
import type { DashboardSearch } from "../../routes";
import { Conflict } from "./conflict";
import { download } from "./download";
import { type Draft, textOf } from "./draft";
import { History } from "./history";
import classes from "./json-editor.module.css";
import SaveAsDialog from "./save-as-dialog";
import { SETTINGS_VIEWS } from "./settings/views";
import { useSave } from "./use-save";

interface Props {
  dashboard: Dashboard;
  draft: Draft;
  view: "json" | "history";
  /** Why the dashboard cannot be shown. */
  problem: string | null;
  show: (view: DashboardSearch["edit"]) => void;
}

export default function JsonEditor({ dashboard, draft, view, problem, show }: Props) {
  const { entry } = dashboard;
  const [text, setText] = useState(() => textOf(draft.json));
  usePageTitle(`${entry.title || entry.uid} · JSON`);
  return (
    <div className={classes.page}>
      <div className={classes.tools}>
        <h2>{entry.title || entry.uid}</h2>
        <SegmentedControl
          aria-label="View"
          value={view}
          onChange={(next) => show(next as DashboardSearch["edit"])}
          data={SETTINGS_VIEWS.filter(
            ({ value }) => problem === null || value === "json" || value === "history",
          )}
        />
        {problem === null && <Button onClick={() => show(undefined)}>Back to the dashboard</Button>}
        <code className={classes.file}>{entry.file}</code>
      </div>
      {problem !== null && <Notice>The dashboard cannot be shown: {problem}</Notice>}
      {view === "history" ? (
        <History
          uid={entry.uid}
          current={textOf(dashboard.dashboard)}
          restore={(restored) => {
            setText(restored);
            show("json");
          }}
        />
      ) : (
        <Editor dashboard={dashboard} draft={draft} text={text} setText={setText} />
      )}
    </div>
  );
}

interface EditorProps {
  dashboard: Dashboard;
  draft: Draft;
  text: string;
  setText: (text: string) => void;
}

function Editor({ dashboard, draft, text, setText }: EditorProps) {
  const { entry } = dashboard;
  const save = useSave(entry.uid, entry.version, draft.discard);
  const [copying, setCopying] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const changed = text !== textOf(dashboard.dashboard);
  return (
    <>
      <div className={classes.tools}>
        <Button
          variant="filled"
          disabled={!changed}
          loading={save.saving}
          onClick={() => save.start(text)}
          title="Save (Ctrl Enter)"
        >
          Save
        </Button>
        <Button onClick={() => setCopying(true)}>Save as…</Button>
        <Button onClick={() => download(`${entry.uid}.json`, text)}>Export</Button>
        {entry.is_deletable && <Button onClick={() => setDeleting(true)}>Delete…</Button>}
        <span className={classes.state} role="status">
          {save.saved && !changed ? "Saved" : changed ? "Not saved" : ""}
        </span>
      </div>
      {deleting && <Deletion uid={entry.uid} cancel={() => setDeleting(false)} />}
      {save.conflict ? (
        <Conflict uid={entry.uid} text={text} setText={setText} save={save} />
      ) : (
        save.error && <ErrorMessage error={save.error} />
      )}
      <div className={classes.editor}>
        <QueryEditor
          language="json"
          label="JSON of the dashboard"
          group="Dashboard"
          value={text}
          rows={30}
          errorPosition={save.errorPosition}
          onChange={setText}
          onRun={() => changed && save.start(text)}
        />
      </div>
      {copying && (
        <SaveAsDialog text={text} title={`${entry.title} (copy)`} close={() => setCopying(false)} />
      )}
    </>
  );
}

/** A deletion is asked about twice: the dashboard is gone for everyone. */
function Deletion({ uid, cancel }: { uid: string; cancel: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const remove = async () => {
    try {
      await deleteDashboard(uid);
      client.removeQueries({ queryKey: ["dashboard", uid] });
      await navigate({ to: "/dashboards" });
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <>
      <Notice>
        <div className={classes.tools}>
          Delete the file of this dashboard? Its history stays in the data folder.
          <Button color="red" onClick={() => void remove()}>
            Delete
          </Button>
          <Button onClick={cancel}>Cancel</Button>
        </div>
      </Notice>
      {error !== null && <ErrorMessage error={error} />}
    </>
  );
}
