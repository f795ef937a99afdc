/** Two texts, as the lines that differ. */
import { useMemo } from "react";
import { diffLines, withContext } from "./diff";
import classes from "./json-editor.module.css";

const SIGNS = { same: " ", removed: "−", added: "+" };
/** More lines are not shown. */
const LINES_MAX = 2_000;

interface Props {
  before: string;
  after: string;
  label: string;
}

export function Diff({ before, after, label }: Props) {
  const lines = useMemo(() => withContext(diffLines(before, after)), [before, after]);
  if (lines.every((line) => line === null || line.kind === "same"))
    return <p className={classes.state}>There is no difference.</p>;
  return (
    // A region that scrolls is reached with the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div className={classes.diff} role="group" aria-label={label} tabIndex={0}>
      {lines.slice(0, LINES_MAX).map((line, index) =>
        line === null ? (
          <div key={index} className={classes.gap}>
            ⋯
          </div>
        ) : (
          <div key={index} data-kind={line.kind}>
            <span>{SIGNS[line.kind]}</span>
            {line.text}
          </div>
        ),
      )}
      {lines.length > LINES_MAX && <div className={classes.gap}>{lines.length - LINES_MAX} more lines</div>}
    </div>
  );
}
