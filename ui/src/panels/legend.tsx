/** The legend of a chart: names with their calculations, in lines or in a table that can be sorted. */
import { type ReactNode, useMemo, useState } from "react";
import classes from "./legend.module.css";

export interface LegendItem {
  name: string;
  color: string;
  /** For each column. */
  cells: { text: string; value: number | null }[];
  /** Shown after the name. */
  menu?: ReactNode;
}

export interface LegendColumn {
  /** Its name in the sort. */
  key: string;
  label: string;
}

interface Props {
  /** What the items are, as the head of their column. */
  title?: string;
  items: LegendItem[];
  columns: LegendColumn[];
  mode: "list" | "table";
  /** Which items are drawn; all without it. */
  shown?: boolean[];
  /** A click shows only this item; with a modifier key it toggles the item. */
  onPick?: ((index: number, toggle: boolean) => void) | undefined;
  onFocus?: (index: number | null) => void;
  /** The sorted column, with a leading `-` when descending. The legend keeps it without `onSort`. */
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
}

const NAME = "name";

export function Legend(props: Props) {
  const [own, setOwn] = useState<string | undefined>(props.sort);
  const sort = props.onSort ? props.sort : own;
  const setSort = props.onSort ?? setOwn;
  return props.mode === "table" ? (
    <LegendTable {...props} sort={sort} onSort={setSort} />
  ) : (
    <ul className={classes.list} onMouseLeave={() => props.onFocus?.(null)}>
      {props.items.map((item, index) => (
        <li
          key={index}
          data-values
          data-shown={props.shown?.[index] ?? true}
          onMouseEnter={() => props.onFocus?.(index)}
        >
          <Entry {...props} index={index} />
          {item.menu && <span className={classes.menu}>{item.menu}</span>}
          {item.cells.map(({ text }, at) => (
            <small key={at}>{props.columns[at]?.label ? `${props.columns[at]?.label}: ${text}` : text}</small>
          ))}
        </li>
      ))}
    </ul>
  );
}

function LegendTable(props: Props) {
  const { title = "Name", items, columns, shown, onFocus, sort, onSort } = props;
  const order = useMemo(() => sorted(items, columns, sort), [items, columns, sort]);
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          {[{ key: NAME, label: title }, ...columns].map(({ key, label }) => {
            const active = sort?.replace(/^-/, "") === key;
            const down = active && sort?.startsWith("-");
            return (
              <th key={key} aria-sort={active ? (down ? "descending" : "ascending") : undefined}>
                <button type="button" onClick={() => onSort?.(nextSort(key, active, down))}>
                  {label}
                  {active ? (down ? " ↓" : " ↑") : ""}
                </button>
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody onMouseLeave={() => onFocus?.(null)}>
        {order.map((index) => (
          <tr
            key={index}
            data-values
            data-shown={shown?.[index] ?? true}
            onMouseEnter={() => onFocus?.(index)}
          >
            <td>
              <div className={classes.series}>
                <Entry {...props} index={index} />
                {items[index]?.menu && <span className={classes.menu}>{items[index].menu}</span>}
              </div>
            </td>
            {items[index]?.cells.map(({ text }, at) => (
              <td key={at}>{text}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Numbers are first sorted from the largest. */
function nextSort(key: string, active: boolean, down: boolean | undefined): string | undefined {
  if (active && !down) return undefined;
  return active || key === NAME ? key : `-${key}`;
}

function sorted(items: LegendItem[], columns: LegendColumn[], sort: string | undefined): number[] {
  const indices = items.map((_, index) => index);
  const key = sort?.replace(/^-/, "");
  const sign = sort?.startsWith("-") ? -1 : 1;
  const names = (index: number) => items[index]?.name ?? "";
  if (key === NAME)
    return indices.sort(
      (left, right) => sign * names(left).localeCompare(names(right), undefined, { numeric: true }),
    );
  const column = columns.findIndex((one) => one.key === key);
  if (column < 0) return indices;
  const number = (index: number) => items[index]?.cells[column]?.value ?? Number.NEGATIVE_INFINITY;
  return indices.sort((left, right) => sign * (number(left) - number(right)) || 0);
}

function Entry({ items, index, shown, onPick }: Props & { index: number }) {
  const { name = "", color } = items[index] ?? {};
  const content = (
    <>
      <i style={{ background: color }} />
      <span>{name}</span>
    </>
  );
  if (!onPick) {
    return (
      <span className={classes.name} title={name}>
        {content}
      </span>
    );
  }
  return (
    <button
      type="button"
      className={classes.name}
      aria-pressed={shown?.[index] ?? true}
      title={`${name}\nClick to show only this, Ctrl-click to add or remove it`}
      onClick={(event) => onPick(index, event.ctrlKey || event.metaKey || event.shiftKey)}
    >
      {content}
    </button>
  );
}

/** Which items are shown after a click on one. */
export function picked(shown: boolean[], index: number, toggle: boolean): boolean[] {
  if (toggle) return shown.map((show, at) => (at === index ? !show : show));
  const alone = shown.every((show, at) => show === (at === index));
  return shown.map((_, at) => alone || at === index);
}
