/** Shows the rest of a long table, or hides it again. */
import classes from "./home.module.css";

interface Props {
  count: number;
  max: number;
  all: boolean;
  show: (all: boolean) => void;
}

export function More({ count, max, all, show }: Props) {
  if (count <= max) return null;
  return (
    <button type="button" className={classes.more} onClick={() => show(!all)}>
      {all ? `Show the first ${max}` : `Show all ${count}`}
    </button>
  );
}
