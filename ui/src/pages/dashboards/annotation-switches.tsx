/** The switches of the annotations of a dashboard. The URL has those whose state is not the saved one. */
import { Icon } from "../../components/icon";
import { namedColor } from "../../panels/colors";
import type { AnnotationLayer } from "./use-annotations";
import classes from "./variables.module.css";

interface Props {
  layers: AnnotationLayer[];
  onToggle: (name: string) => void;
}

export function AnnotationSwitches({ layers, onToggle }: Props) {
  const offered = layers.filter(({ model }) => !model.hidden);
  if (offered.length === 0) return null;
  return (
    <div className={classes.bar} role="group" aria-label="Annotations">
      {offered.map(({ model: { name, color }, shown, annotations, problem }, index) => (
        <div key={index} className={classes.variable}>
          <button
            type="button"
            role="switch"
            aria-checked={shown}
            className={classes.switch}
            onClick={() => onToggle(name)}
          >
            <i style={{ background: namedColor(color || "var(--gh-info)") }} />
            <span>{name}</span>
            {shown && problem === null && <small>{annotations.length}</small>}
          </button>
          {shown && problem !== null && (
            <span className={classes.error} role="img" aria-label={`${name}: ${problem}`} title={problem}>
              <Icon name="warning" size={13} />
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
