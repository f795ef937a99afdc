/** The text panel. */
import { Nothing } from "../no-data";
import type { PanelProps } from "../panel";
import { Markdown } from "./markdown";
import type { TextOptions } from "./options";
import classes from "./text.module.css";

export default function TextPanel({ options, height }: PanelProps<TextOptions>) {
  return (
    <div
      className={classes.panel}
      style={{ height: height ?? "100%" }}
      role="group"
      aria-label="Text"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keyboard
      tabIndex={0}
    >
      {options.content.trim() === "" ? (
        <Nothing title="No text">Edit the panel to write one.</Nothing>
      ) : options.mode === "code" ? (
        <pre className={classes.code}>{options.content}</pre>
      ) : (
        <Markdown text={options.content} />
      )}
    </div>
  );
}
