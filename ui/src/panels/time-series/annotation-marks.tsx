/** The marks of annotations below a plot: each shows its texts under the pointer, and with the focus. */
import { useId, useState } from "react";
import type { Annotation } from "../../data/annotations";
import { formatInstant, formatSpan, type Zone } from "../../time/format";
import type { Range } from "../../time/range";
import type { Plot } from "../axes";
import classes from "./annotation-marks.module.css";
import { annotationColor, type Mark, marksOf } from "./annotations";

/** More annotations of one mark are counted. */
const SHOWN_MAX = 3;
const TAGS_MAX = 8;
const TEXT_MAX = 200;

interface Props {
  annotations: Annotation[];
  range: Range;
  zone: Zone;
  /** Where the plot is in the chart. */
  area: Plot;
  /** The width of the chart. */
  width: number;
}

export function AnnotationMarks({ annotations, range, zone, area, width }: Props) {
  const marks = marksOf(annotations, range, area.width);
  const [open, setOpen] = useState<number | null>(null);
  /** The mark that the Tab key reaches; the arrow keys reach the others. */
  const [current, setCurrent] = useState(0);
  const id = useId();
  const shown = open === null ? undefined : marks[open];
  const reachable = Math.min(current, marks.length - 1);
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = event.currentTarget.children[reachable + step];
    if (step === 0 || !(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  };
  if (marks.length === 0) return null;
  return (
    <>
      <div
        role="toolbar"
        aria-label="Annotations"
        className={classes.marks}
        style={{ left: area.left, top: area.top + area.height }}
        onKeyDown={onKeyDown}
      >
        {marks.map((mark, index) => (
          <button
            key={index}
            type="button"
            className={classes.mark}
            style={{ left: mark.x, color: mark.annotations[0] && annotationColor(mark.annotations[0]) }}
            tabIndex={index === reachable ? 0 : -1}
            aria-label={labelOf(mark, zone)}
            aria-describedby={index === open ? id : undefined}
            onPointerEnter={() => setOpen(index)}
            onPointerLeave={() => setOpen(null)}
            onFocus={() => {
              setCurrent(index);
              setOpen(index);
            }}
            onBlur={() => setOpen(null)}
          />
        ))}
      </div>
      {shown && (
        <div
          id={id}
          role="tooltip"
          className={classes.card}
          style={placeOf(area.left + shown.x, area, width)}
        >
          {shown.annotations.slice(0, SHOWN_MAX).map((annotation, index) => (
            <Text key={index} annotation={annotation} zone={zone} />
          ))}
          {shown.annotations.length > SHOWN_MAX && (
            <div className={classes.time}>and {shown.annotations.length - SHOWN_MAX} more</div>
          )}
        </div>
      )}
    </>
  );
}

/** Above the mark, on the side with more space. */
function placeOf(x: number, { top, height }: Plot, width: number): React.CSSProperties {
  const bottom = `calc(100% - ${top + height - 6}px)`;
  return x > width / 2 ? { bottom, right: Math.max(0, width - x) } : { bottom, left: x };
}

const timeOf = ({ fromMs, toMs }: Annotation, zone: Zone) =>
  toMs > fromMs ? formatSpan(fromMs, toMs, zone) : formatInstant(fromMs, zone);

function labelOf({ annotations }: Mark, zone: Zone): string {
  const [first] = annotations;
  if (!first) return "";
  const text = (first.title || first.text || first.name).slice(0, TEXT_MAX);
  const others = annotations.length > 1 ? `, and ${annotations.length - 1} more` : "";
  return `${text}, ${timeOf(first, zone)}${others}`;
}

function Text({ annotation, zone }: { annotation: Annotation; zone: Zone }) {
  const { name, title, text, tags } = annotation;
  return (
    <div className={classes.annotation}>
      <div className={classes.time}>
        <i style={{ background: annotationColor(annotation) }} />
        {timeOf(annotation, zone)}
      </div>
      {title !== "" && <b>{title.slice(0, TEXT_MAX)}</b>}
      {text !== "" && <div>{text.slice(0, TEXT_MAX)}</div>}
      {(title === "" || title !== name) && <div className={classes.time}>{name}</div>}
      {tags.length > 0 && (
        <div className={classes.tags}>
          {tags.slice(0, TAGS_MAX).map((tag, index) => (
            <span key={index}>{tag}</span>
          ))}
        </div>
      )}
    </div>
  );
}
