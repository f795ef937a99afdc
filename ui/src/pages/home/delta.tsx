/** A change to the range before. More errors and more time are bad; more calls are neither. */
import type { Change } from "./change";
import classes from "./home.module.css";

interface Props {
  change: Change | null;
  /** Whether a rise is bad and a fall is good. */
  judged?: boolean;
}

export function Delta({ change, judged = false }: Props) {
  if (!change) return null;
  const sense = !judged ? undefined : change.value > 0 ? "worse" : "better";
  return (
    <span className={classes.delta} data-sense={sense} title="Change to the range of the same length before">
      {change.text}
    </span>
  );
}
