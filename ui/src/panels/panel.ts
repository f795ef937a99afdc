/** The contract between a panel's type and the views that show it. */
import type { ComponentType } from "react";
import type { Frame } from "../data/frame";

export interface PanelProps<Options = unknown> {
  /** The answers, with the panel's field configuration. */
  frames: Frame[];
  options: Options;
  /** In pixels; without it the panel fills its parent. */
  height?: number | undefined;
  /** Gets the options that the user changes in the panel. Without it the panel keeps them itself. */
  onOptions?: ((change: Partial<Options>) => void) | undefined;
}

export interface PanelType<Options> {
  /** Loaded when the first panel of the type is shown. */
  load: () => Promise<{ default: ComponentType<PanelProps<Options>> }>;
  /** Reads the options of a panel's JSON tolerantly. */
  readOptions: (value: unknown) => Options;
}
