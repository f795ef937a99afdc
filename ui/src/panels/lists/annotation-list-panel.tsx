/** The annotation list: the annotations of the dashboard in the time range, newest first. */
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { Nothing } from "../no-data";
import type { PanelProps } from "../panel";
import classes from "./lists.module.css";
import type { AnnotationListOptions } from "./options";

export default function AnnotationListPanel(props: PanelProps<AnnotationListOptions>) {
  const { annotations = [], options, height } = props;
  const { zone } = useRange();
  const found = annotations
    .filter(({ tags }) => options.tags.every((tag) => tags.includes(tag)))
    .sort((left, right) => right.fromMs - left.fromMs)
    .slice(0, options.limit);
  return (
    <div
      className={classes.list}
      style={{ height: height ?? "100%" }}
      role="group"
      aria-label="Annotations"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls with the keyboard, and has nothing else to focus
      tabIndex={0}
    >
      {found.length === 0 ? (
        <Nothing title="No annotations">
          The annotation queries of this dashboard return none in this time range. Select a longer range.
        </Nothing>
      ) : (
        <ul>
          {found.map(({ fromMs, title, text, tags }, index) => (
            <li key={index}>
              <span>{text || title}</span>
              {options.time && <small>{formatInstant(fromMs, zone)}</small>}
              {options.showTags && tags.map((tag) => <small key={tag}>{tag}</small>)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
