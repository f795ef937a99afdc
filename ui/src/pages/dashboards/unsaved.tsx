/** What is changed and not saved: a bar with its save, its comparison with the file, and its end. */
import { Button, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Dashboard, DashboardEntry } from "../../api/generated";
import { ErrorMessage } from "../../components/error-message";
import { Conflict } from "./conflict";
import { Diff } from "./diff-view";
import { type Draft, textOf } from "./draft";
import classes from "./json-editor.module.css";
import SaveAsDialog from "./save-as-dialog";

interface Props {
  entry: DashboardEntry;
  draft: Draft;
}

export default function Unsaved({ entry, draft }: Props) {
  return (
    <>
      <div className={classes.unsaved} role="group" aria-label="Unsaved changes">
        <span role="status">Unsaved changes</span>
        <UnsavedActions entry={entry} draft={draft} />
      </div>
      <SaveProblem entry={entry} draft={draft} />
    </>
  );
}

/** The buttons of the bar; the editor of a panel has them too. */
export function UnsavedActions({ entry, draft }: Props) {
  const { save } = draft;
  const [open, setOpen] = useState<"copy" | "diff" | null>(null);
  return (
    <>
      <Button disabled={!draft.canUndo} onClick={draft.undo} title="Undo (Ctrl Z)">
        Undo
      </Button>
      <Button disabled={!draft.changed} onClick={() => setOpen("diff")}>
        Changes
      </Button>
      <Button onClick={() => setOpen("copy")}>Save as…</Button>
      <Button disabled={!draft.changed} onClick={draft.discard}>
        Discard all
      </Button>
      <Button
        variant="filled"
        disabled={!draft.changed}
        loading={save.saving}
        onClick={() => save.start(textOf(draft.json))}
        title="Save (Ctrl S)"
      >
        Save
      </Button>
      {open === "copy" && (
        <SaveAsDialog
          text={textOf(draft.json)}
          title={`${entry.title} (copy)`}
          close={() => setOpen(null)}
          onSaved={draft.discard}
        />
      )}
      {open === "diff" && <Changes entry={entry} draft={draft} close={() => setOpen(null)} />}
    </>
  );
}

function Changes({ entry, draft, close }: Props & { close: () => void }) {
  const client = useQueryClient();
  const file = client.getQueryData<Dashboard>(["dashboard", entry.uid])?.dashboard;
  return (
    <Modal opened onClose={close} title="Changes since the file" size="min(900px, 94vw)">
      <Diff before={textOf(file)} after={textOf(draft.json)} label="From the file to the changed dashboard" />
    </Modal>
  );
}

/** Why the save failed, and the choice when the file has changed. */
export function SaveProblem({ entry, draft }: Props) {
  const { save } = draft;
  if (save.conflict)
    return <Conflict uid={entry.uid} text={textOf(draft.json)} setText={() => draft.discard()} save={save} />;
  return save.error ? <ErrorMessage error={save.error} /> : null;
}
