/** The annotation list: the annotations of the dashboard in the time range, newest first. */
import { column, timeField } from "../../data/frame";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { Nothing } from "../no-data";
import type { PanelProps } from "../panel";
import classes from "./lists.module.css";
import type { AnnotationListOptions } from "./options";

export default function AnnotationListPanel({ frames, options, height }: PanelProps<AnnotationListOptions>) {
  const { zone } = useRange();
  const found = frames
    .flatMap((frame) => {
      const [titles, texts, tags] = [column(frame, "title"), column(frame, "text"), column(frame, "tags")];
      return Array.from(timeField(frame)?.values ?? []).map((timeMs, row) => ({
        timeMs,
        text: String(texts[row] || titles[row] || ""),
        tags: tagsOf(tags[row]),
      }));
    })
    .filter(({ tags }) => options.tags.every((tag) => tags.includes(tag)))
    .sort((left, right) => right.timeMs - left.timeMs)
    .slice(0, options.limit);
  return (
    <div className={classes.list} style={{ height: height ?? "100%" }}>
      {found.length === 0 ? (
        <Nothing title="No annotations">
          The annotation queries of this dashboard return none in this time range. Select a longer range.
        </Nothing>
      ) : (
        <ul>
          {found.map(({ timeMs, text, tags }, index) => (
            <li key={index}>
              <span>{text}</span>
              {options.time && <small>{formatInstant(timeMs, zone)}</small>}
              {options.showTags && tags.map((tag) => <small key={tag}>{tag}</small>)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function tagsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" && value !== "" ? value.split(",").map((tag) => tag.trim()) : [];
}
