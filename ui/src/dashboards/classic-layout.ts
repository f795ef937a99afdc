/** Places the panels of the classic form: on a grid of 24 columns, in rows that can be collapsed. */
import { list, record } from "../api/decode";
import { bounded, PANELS_MAX, within } from "./limits";
import type { GridItem, Layout, Repeat, RowModel } from "./model";
import { readRepeat } from "./parts";

type Json = Record<string, unknown>;

const COLUMNS = 24;
/** A unit of the grid with its gap, in pixels. */
const UNIT_PX = 38;
const ROW_PX = 250;

export interface PlacedPanel {
  key: string;
  json: Json;
  item: GridItem;
}

interface PlacedRow {
  /** Its own JSON; null for panels before the first row. */
  json: Json | null;
  title: string;
  collapsed: boolean;
  hideHeader: boolean;
  repeat: Repeat | null;
  panels: PlacedPanel[];
}

export interface Placed {
  rows: PlacedRow[];
  all: PlacedPanel[];
  keys: Set<string>;
  /** Panels beyond the limit. */
  dropped: number;
}

/** Panels by rows. Stored copies of repeated panels are left out, because they are made anew. */
export function placedPanels(given: Json, version: number): Placed {
  const placed: Placed = { rows: [], all: [], keys: new Set(), dropped: 0 };
  const old = list(given.rows);
  // Some tools write a current version next to rows.
  if (old.length > 0 && (version < 16 || list(given.panels).length === 0)) placeOldRows(old, placed);
  else placePanels(list(given.panels), placed);
  return placed;
}

export function readLayout({ rows }: Placed): Layout {
  const [only] = rows;
  if (!only) return { kind: "grid", items: [] };
  if (rows.length === 1 && only.hideHeader) return { kind: "grid", items: itemsOf(only) };
  return {
    kind: "rows",
    rows: rows.map((row): RowModel => {
      const { title, collapsed, hideHeader, repeat } = row;
      const layout: Layout = { kind: "grid", items: itemsOf(row) };
      return { title, collapsed, hideHeader, repeat, condition: null, layout };
    }),
  };
}

/** The items with the top of the row as their origin. */
function itemsOf({ panels }: PlacedRow): GridItem[] {
  const top = panels.reduce((least, { item }) => Math.min(least, item.y), Number.POSITIVE_INFINITY);
  return panels.map(({ item }) => ({ ...item, y: item.y - top }));
}

function rowOf(given: Json, hideHeader: boolean): PlacedRow {
  return {
    json: hideHeader ? null : given,
    title: bounded(given.title),
    collapsed: given.collapsed === true || given.collapse === true,
    hideHeader,
    repeat: readRepeat(given.repeat, "v", 1),
    panels: [],
  };
}

function isCopy(panel: Json): boolean {
  return Boolean(panel.repeatPanelId) || panel.repeatedByRow === true || panel.repeatByRow === true;
}

type Position = Omit<GridItem, "panel" | "repeat">;

function add(placed: Placed, row: PlacedRow, json: Json, position: Position, minSpan = json.minSpan): void {
  if (placed.all.length >= PANELS_MAX) {
    placed.dropped += 1;
    return;
  }
  const id = bounded(json.id);
  let key = `panel-${id || placed.all.length + 1}`;
  while (placed.keys.has(key)) key = `${key}-${placed.all.length + 1}`;
  const repeat = readRepeat(json.repeat, json.repeatDirection, json.maxPerRow ?? perRow(minSpan));
  const panel = { key, json, item: { panel: key, ...position, repeat } };
  placed.keys.add(key);
  placed.all.push(panel);
  row.panels.push(panel);
}

function perRow(minSpan: unknown): number | undefined {
  return typeof minSpan === "number" && minSpan > 0 ? COLUMNS / minSpan : undefined;
}

function placePanels(given: unknown[], placed: Placed): void {
  const panels = given.map(record).filter((panel) => Object.keys(panel).length > 0 && !isCopy(panel));
  // Without a position a panel comes after the others.
  const y = (panel: Json) => within(record(panel.gridPos).y, 0, 1e6, 1e6);
  const x = (panel: Json) => within(record(panel.gridPos).x, 0, COLUMNS, 0);
  const ordered = panels
    .map((panel, index) => ({ panel, index }))
    .sort((a, b) => y(a.panel) - y(b.panel) || x(a.panel) - x(b.panel) || a.index - b.index);
  let row: PlacedRow | null = null;
  for (const { panel } of ordered) {
    if (panel.type === "row") {
      row = rowOf(panel, false);
      placed.rows.push(row);
      for (const child of list(panel.panels).map(record))
        if (!isCopy(child) && child.type !== "row") addAtOwn(placed, row, child);
      continue;
    }
    if (!row) {
      row = rowOf({}, true);
      placed.rows.push(row);
    }
    addAtOwn(placed, row, panel);
  }
}

function addAtOwn(placed: Placed, row: PlacedRow, panel: Json): void {
  const given = record(panel.gridPos);
  const bottom = row.panels.reduce((most, { item }) => Math.max(most, item.y + item.height), 0);
  const width = Math.round(within(given.w, 1, COLUMNS, 12));
  add(placed, row, panel, {
    x: Math.min(Math.round(within(given.x, 0, COLUMNS - 1, 0)), COLUMNS - width),
    y: Math.round(within(given.y, 0, 1e6, bottom)),
    width,
    height: Math.round(within(given.h, 1, 1_000, 8)),
  });
}

/** Rows of 12 columns, which were stacked: before version 16. */
function placeOldRows(given: unknown[], placed: Placed): void {
  const rows = given.map(record).filter((row) => Object.keys(row).length > 0 && !isCopy(row));
  const headers = rows.some((row) => row.collapse === true || row.showTitle === true || row.repeat);
  let top = 0;
  for (const json of rows) {
    const before = placed.rows.at(-1);
    const row = !headers && before ? before : rowOf(json, !headers);
    if (row !== before) placed.rows.push(row);
    const lines = new Lines(top, gridHeight(json.height));
    for (const panel of list(json.panels).map(record)) {
      if (isCopy(panel)) continue;
      const width = Math.round(within(panel.span, 1, 12, 4)) * 2;
      const height = panel.height ? gridHeight(panel.height) : lines.height;
      const position = lines.place(width, height);
      add(placed, row, panel, position, within(panel.minSpan, 1, 12, 0) * 2);
    }
    top = lines.bottom;
  }
}

/** Places the panels of a row beside each other, and below when they are lower than the row. */
class Lines {
  readonly height: number;
  #top: number;
  /** The heights that are taken in each column of the current line. */
  #taken = new Array<number>(COLUMNS).fill(0);

  constructor(top: number, height: number) {
    this.#top = top;
    this.height = height;
  }

  get bottom(): number {
    return this.#top + this.height;
  }

  place(width: number, height: number): { x: number; y: number; width: number; height: number } {
    let x = this.#freeFrom();
    if (COLUMNS - x < width) {
      this.#top += this.height;
      this.#taken.fill(0);
      x = 0;
    }
    const y = Math.max(...this.#taken.slice(x));
    this.#taken.fill(y + height, x, x + width);
    return { x, y: this.#top + y, width, height };
  }

  /** The first column of those at the right end that are free, and that rise to the right. */
  #freeFrom(): number {
    let x = COLUMNS;
    while (x > 0) {
      const [left = 0, right = this.height] = [this.#taken[x - 1], this.#taken[x]];
      if (left >= this.height || left > right) break;
      x -= 1;
    }
    return x;
  }
}

function gridHeight(value: unknown): number {
  const px = typeof value === "string" ? value.replace("px", "") : value;
  return Math.ceil(within(px, 3 * 30, 20_000, ROW_PX) / UNIT_PX);
}
