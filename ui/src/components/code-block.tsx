/** Code with a copy button. */
import classes from "./code-block.module.css";
import { CopyButton } from "./copy-button";

export function CodeBlock({ text }: { text: string }) {
  return (
    <div className={classes.code}>
      <pre>{text}</pre>
      <CopyButton text={() => text} />
    </div>
  );
}
