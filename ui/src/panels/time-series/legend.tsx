/** The legend of a chart: a row per series with its last, minimum, maximum and mean value. */
import { useMemo, useState } from "react";
import type { Reduced } from "../../data/reduce";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./legend.module.css";

export interface LegendRow {
  name: string;
  color: string;
  reduced: Pick<Reduced, Calculation>;
  format: (value: number) => string;
  style?: { hidden: { legend: boolean } };
  /** Whether it has labels. */
  labelled?: boolean;
  /** The query that it answers. */
  refId?: string | undefined;
}

type Calculation = "lastNotNull" | "min" | "max" | "mean";

/** The names of the columns are in URLs. */
const COLUMNS = [
  { key: "name", label: "Series" },
  { key: "last", label: "Last", of: "lastNotNull" },
  { key: "min", label: "Min", of: "min" },
  { key: "max", label: "Max", of: "max" },
  { key: "mean", label: "Avg", of: "mean" },
] as const satisfies { key: string; label: string; of?: Calculation }[];
const CALCULATIONS = COLUMNS.flatMap((column) => ("of" in column ? [column.of] : []));
type Column = (typeof COLUMNS)[number]["key"];

interface Props {
  rows: LegendRow[];
  shown: boolean[];
  /** A click shows only this series; with a modifier key it toggles the series. */
  onPick: (index: number, toggle: boolean) => void;
  onFocus: (index: number | null) => void;
  /** The labels of a series; a view has queries that can compare them. */
  valuesOf?: ((index: number) => ScopedValue[]) | undefined;
  /** The sorted column, with a leading `-` when descending. The legend keeps it without `onSort`. */
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
}

interface Sort {
  column: Column;
  down: boolean;
}

function useSort({ sort, onSort }: Props): [Sort | null, (sort: Sort | null) => void] {
  const [own, setOwn] = useState<Sort | null>(null);
  if (!onSort) return [own, setOwn];
  const found = COLUMNS.find(({ key }) => key === sort?.replace(/^-/, ""));
  const given = found && sort ? { column: found.key, down: sort.startsWith("-") } : null;
  return [given, (next) => onSort(next ? `${next.down ? "-" : ""}${next.column}` : undefined)];
}

export function Legend(props: Props) {
  const { rows, shown, onPick, onFocus, valuesOf } = props;
  const [sort, setSort] = useSort(props);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sort is made anew from the URL
  const order = useMemo(() => {
    const indices = rows.flatMap(({ style }, index) => (style?.hidden.legend ? [] : [index]));
    if (!sort) return indices;
    const sign = sort.down ? -1 : 1;
    return indices.sort(
      (left, right) => sign * compare(cellOf(rows[left], sort.column), cellOf(rows[right], sort.column)),
    );
  }, [rows, sort?.column, sort?.down]);
  return (
    <div className={classes.wrap} style={{ maxHeight: 260 }}>
      <table className={classes.table}>
        <thead>
          <tr>
            {COLUMNS.map(({ key, label }) => {
              const active = sort?.column === key;
              return (
                <th key={key} aria-sort={active ? (sort.down ? "descending" : "ascending") : undefined}>
                  <button
                    type="button"
                    onClick={() =>
                      setSort(active && !sort.down ? null : { column: key, down: !active && key !== "name" })
                    }
                  >
                    {label}
                    {active ? (sort.down ? " ↓" : " ↑") : ""}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody onMouseLeave={() => onFocus(null)}>
          {order.map((index) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <tr
                key={index}
                data-values
                data-shown={shown[index] ?? true}
                onMouseEnter={() => onFocus(index)}
              >
                <td>
                  <div className={classes.series}>
                    <button
                      type="button"
                      className={classes.name}
                      aria-pressed={shown[index] ?? true}
                      title={`${row.name}\nClick to show only this series, Ctrl-click to add or remove it`}
                      onClick={(event) => onPick(index, event.ctrlKey || event.metaKey || event.shiftKey)}
                    >
                      <i style={{ background: row.color }} />
                      <span>{row.name}</span>
                    </button>
                    {valuesOf && row.labelled && (
                      <ValueMenu label={row.name} values={() => valuesOf(index)} refId={row.refId} />
                    )}
                  </div>
                </td>
                {CALCULATIONS.map((key) => (
                  <td key={key}>{row.reduced[key] === null ? "–" : row.format(row.reduced[key])}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function cellOf(row: LegendRow | undefined, key: Column): string | number | null | undefined {
  const column = COLUMNS.find((candidate) => candidate.key === key);
  return column && "of" in column ? row?.reduced[column.of] : row?.name;
}

function compare(
  left: string | number | null | undefined,
  right: string | number | null | undefined,
): number {
  if (typeof left === "string" || typeof right === "string") {
    return String(left).localeCompare(String(right), undefined, { numeric: true });
  }
  return (left ?? Number.NEGATIVE_INFINITY) - (right ?? Number.NEGATIVE_INFINITY);
}

/** Which series are shown after a click on one. */
export function picked(shown: boolean[], index: number, toggle: boolean): boolean[] {
  if (toggle) return shown.map((show, at) => (at === index ? !show : show));
  const alone = shown.every((show, at) => show === (at === index));
  return shown.map((_, at) => alone || at === index);
}
