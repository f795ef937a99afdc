/** The contract between a panel's type and the views that show it. */
import type { ComponentType } from "react";
import type { Annotation } from "../data/annotations";
import type { Frame } from "../data/frame";

export interface PanelProps<Options = unknown> {
  /** The answers, with the panel's field configuration. */
  frames: Frame[];
  options: Options;
  /** Moments and spans of time that the view marks. */
  annotations?: Annotation[] | undefined;
  /** In pixels; without it the panel fills its parent. */
  height?: number | undefined;
  /** Gets the options that the user changes in the panel. Without it the panel keeps them itself. */
  onOptions?: ((change: Partial<Options>) => void) | undefined;
  actions?: PanelActions | undefined;
}

/** What a view can do with the data of a panel. A panel offers only actions that its view has. */
export interface PanelActions {
  /** Opens a row. */
  openRow?: (row: number) => void;
  /** Selects a row, of which the view shows the details. */
  selection?: { row: number | null; select: (row: number) => void };
  /** The address of a link in which the variables of the view are replaced. */
  link?: (url: string) => string;
  /** Loads rows after those of the frames; `full` when the query has reached its limit. */
  loadMore?: { full?: boolean; hasMore: boolean; loading: boolean; load: () => void };
}

export interface PanelType<Options> {
  /** Loaded when the first panel of the type is shown. */
  load: () => Promise<{ default: ComponentType<PanelProps<Options>> }>;
  /** Reads the options of a panel's JSON tolerantly. */
  readOptions: (value: unknown) => Options;
}
