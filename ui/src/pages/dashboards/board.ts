/** What the parts of a shown dashboard know of it. */
import { createContext, useContext } from "react";
import type { PanelContext } from "../../dashboards/requests";
import type { Draft } from "./draft";

export interface Board {
  /** For all panels; a panel adds its width and what it is repeated for. */
  context: Omit<PanelContext, "widthPx">;
  /** Whether the values of the variables are not known yet: panels ask nothing until then. */
  pending: boolean;
  /** The content of the file with the changes that are not saved yet. */
  draft: Draft;
  /** Whether the layout is edited. */
  editing: boolean;
  /** Rows whose state is not the saved one. */
  toggled: Set<string>;
  toggleRow: (key: string) => void;
  /** The keys of the open tabs. */
  tabs: string[];
  /** Opens a tab among those of the part at `path`. */
  openTab: (key: string, path: string) => void;
  /** Shows one panel in the whole view, or all of them again. */
  view: (id: string | null) => void;
  inspect: (id: string | null) => void;
  /** Opens the editor of a panel, or leaves it. */
  edit: (id: string | null) => void;
  /** The panel that the keyboard shortcuts are for: that under the pointer, or with the focus. */
  setCurrent: (panel: CurrentPanel | null) => void;
}

export interface CurrentPanel {
  id: string;
  explore: () => void;
}

export const BoardContext = createContext<Board | null>(null);

export function useBoard(): Board {
  const board = useContext(BoardContext);
  if (!board) throw new Error("useBoard outside of a dashboard");
  return board;
}
