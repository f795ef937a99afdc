/** A list of rows that are opened with the pointer or the keyboard. Only visible rows are rendered. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import { Panel } from "../../components/panel";
import { VirtualRows } from "../../panels/virtual-rows";
import { useShortcuts } from "../../shell/keyboard";
import classes from "./row-list.module.css";

interface Props<Row> {
  rows: Row[];
  /** What the rows are, in the keyboard help: `alert`. */
  what: string;
  /** The group of the shortcuts in the keyboard help, and the name of the list. */
  label: string;
  selected: string | null;
  onSelect: (key: string) => void;
  /** Enter. */
  onOpen: (row: Row) => void;
  /** The row whose details are shown beside the list; it follows the selection. */
  openKey: string | undefined;
  onClose: () => void;
  children: (row: Row) => ReactNode;
}

const ROW_HEIGHT = 31;

export function RowList<Row extends { key: string; opens: boolean }>(props: Props<Row>) {
  const { rows, what, label, selected, onSelect, onOpen, openKey, onClose, children } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 20,
  });
  const current = selected ?? openKey;
  const at = rows.findIndex(({ key }) => key === current);
  const move = (by: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, at + by));
    const row = rows[next];
    if (!row) return;
    onSelect(row.key);
    virtual.scrollToIndex(next);
    if (openKey !== undefined && row.opens && row.key !== openKey) onOpen(row);
  };
  const open = () => {
    const row = rows[at];
    if (row) onOpen(row);
  };
  useShortcuts([
    { keys: "j", label: `Next ${what}`, group: label, run: () => move(1) },
    { keys: "k", label: `Previous ${what}`, group: label, run: () => move(-1) },
    { keys: "ArrowDown", label: `Next ${what}`, group: label, run: () => move(1) },
    { keys: "ArrowUp", label: `Previous ${what}`, group: label, run: () => move(-1) },
    { keys: "Enter", label: `Open or close the ${what}`, group: label, run: open },
    { keys: "Escape", label: "Close the details", group: label, run: onClose },
  ]);
  return (
    <Panel className={classes.panel}>
      <div
        ref={scroll}
        className={classes.scroll}
        role="group"
        aria-label={label}
        data-scroll-restoration-id={label}
      >
        <VirtualRows
          virtual={virtual}
          className={classes.row}
          data={(index) => ({
            "data-selected": rows[index]?.key === current,
            "data-open": rows[index]?.key === openKey,
            "data-values": "",
          })}
        >
          {(index) => {
            const row = rows[index];
            return row ? children(row) : null;
          }}
        </VirtualRows>
      </div>
    </Panel>
  );
}

/** Gives the keyboard from the filter back to the list. */
export function leaveFilter(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** The button of a row: its area is the whole row. */
export function RowButton({
  open,
  onClick,
  children,
}: {
  open: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button type="button" className={classes.open} aria-expanded={open} onClick={onClick}>
      {children}
    </button>
  );
}
