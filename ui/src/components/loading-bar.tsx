/** A progress bar at the top of the view while data loads. It overlays the content, so that nothing moves. */
import classes from "./loading-bar.module.css";

export function LoadingBar({ active }: { active: boolean }) {
  return active ? <div className={classes.loading} aria-hidden="true" /> : null;
}
