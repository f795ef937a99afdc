/** The panel that is edited, and the changes of it. */
import { useMemo } from "react";
import type { Path } from "../../../dashboards/edit/json";
import {
  type EditedPanel,
  editedPanel,
  type PanelPart,
  withPanel,
  withPart,
} from "../../../dashboards/edit/panel";
import { useBoard } from "../board";

type Json = Record<string, unknown>;

export interface PanelEdit {
  panel: EditedPanel;
  /** Successive changes with the same key are undone together. */
  change: (edit: (panel: EditedPanel) => Json, key?: string) => void;
  /** Writes one value; undefined removes it. */
  set: (part: PanelPart, within: Path, value: unknown) => void;
}

export function usePanelEdit(key: string): PanelEdit | null {
  const { draft } = useBoard();
  const { json, change } = draft;
  const panel = useMemo(() => editedPanel(json, key), [json, key]);
  // They change what the draft is then, and stay the same while the panel changes.
  const edits = useMemo(() => {
    const edit: PanelEdit["change"] = (made, name) =>
      change((before) => withPanel(before, key, made), name && `${key} ${name}`);
    const set: PanelEdit["set"] = (part, within, value) =>
      edit((one) => withPart(one, part, within, value), JSON.stringify([part, within]));
    return { change: edit, set };
  }, [key, change]);
  return useMemo(() => panel && { panel, ...edits }, [panel, edits]);
}
