/** All labels of an alert, each with the menu of its value, and a filter of the list. */
import { formatMatcher } from "../../alerts/matchers";
import type { Labels } from "../../api/prometheus";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./details.module.css";

export function valuesOf(labels: Labels): ScopedValue[] {
  return Object.entries(labels).map(([name, text]) => ({ scope: "label", name, type: "string", text }));
}

interface Props {
  labels: Labels;
  /** Filters the list by a label. */
  find?: ((matcher: string) => void) | undefined;
}

export function LabelList({ labels, find }: Props) {
  return (
    <dl className={classes.pairs}>
      {valuesOf(labels).map((value) => (
        <div key={value.name}>
          <dt>{value.name}</dt>
          <dd>
            {find ? (
              <button
                type="button"
                title="Filter the list by this label"
                onClick={() =>
                  find(formatMatcher({ name: value.name, value: value.text, isRegex: false, isEqual: true }))
                }
              >
                {value.text}
              </button>
            ) : (
              <span>{value.text}</span>
            )}
            <ValueMenu label={value.name} values={() => [value]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
