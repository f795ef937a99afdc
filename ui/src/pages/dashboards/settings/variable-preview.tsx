/** The values that a variable finds now. */
import { Notice } from "../../../components/notice";
import { formatItems } from "../../../format/number";
import { useBoard } from "../board";
import classes from "./settings.module.css";

/** More values are counted only. */
const SHOWN_MAX = 100;

export function VariablePreview({ name }: { name: string }) {
  const { context } = useBoard();
  const state = Object.hasOwn(context.variables, name) ? context.variables[name] : undefined;
  if (!state) return <p className={classes.note}>The values are not known yet.</p>;
  const { options, chosen, error } = state;
  const shown = options.slice(0, SHOWN_MAX);
  return (
    <div className={classes.preview} role="status" aria-label="Values">
      {error !== null && <Notice>{error}</Notice>}
      <p className={classes.note}>
        {options.length === 0
          ? chosen.values.length > 0
            ? `Value: ${chosen.texts.join(", ")}`
            : "No values in this time range."
          : `${formatItems(options.length, "value")}, of which ${chosen.texts.join(", ") || "none"} is chosen`}
      </p>
      <div className={classes.values}>
        {shown.map(({ text, value }) => (
          <code key={value} title={value}>
            {text}
          </code>
        ))}
        {options.length > shown.length && <small>and {options.length - shown.length} more</small>}
      </div>
    </div>
  );
}
