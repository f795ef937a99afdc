/** The tooltip of a chart at the pointer: a title, and rows of a colour, a name and a value. */
import classes from "./hover-text.module.css";

export interface Hovered {
  /** Where the pointer is, in pixels of the chart. */
  x: number;
  y: number;
  title?: string;
  rows: { color?: string; name: string; value: string; near?: boolean }[];
}

interface Props {
  at: Hovered;
  width: number;
  height: number;
}

export function HoverText({ at: { x, y, title, rows }, width, height }: Props) {
  return (
    <div
      className={classes.text}
      role="tooltip"
      style={{
        ...(x > width / 2 ? { right: Math.max(0, width - x + 12) } : { left: x + 12 }),
        ...(y > height / 2 ? { bottom: Math.max(0, height - y + 4) } : { top: y + 4 }),
      }}
    >
      {title && <div className={classes.title}>{title}</div>}
      {rows.map((row, index) => (
        <div key={index} className={classes.row} data-near={row.near ?? false}>
          <i style={{ background: row.color }} />
          <span>{row.name}</span>
          <b>{row.value}</b>
        </div>
      ))}
    </div>
  );
}

/** The place of the pointer in an element, by default in the one that listens. */
export function pointerIn(
  event: React.PointerEvent<Element>,
  within: Element = event.currentTarget,
): { x: number; y: number } {
  const { left, top } = within.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
