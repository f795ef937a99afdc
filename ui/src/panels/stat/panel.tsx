/** The stat panel: large values, each with the course of its series. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import { formatValue } from "../../format/units";
import { useRange } from "../../time/context";
import { Linked } from "../linked";
import { linksOf } from "../links";
import { NoData } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import { Sparkline } from "../sparkline";
import { textOn } from "../text-on";
import { fittingSize, type Tiles, tilesOf } from "../tiles";
import { type PanelValue, valuesOf, valueText } from "../values";
import type { StatOptions } from "./options";
import classes from "./stat.module.css";

export default function StatPanel({ frames, options, height, actions }: PanelProps<StatOptions>) {
  const { zone } = useRange();
  const { ref, width, height: space } = useElementSize<HTMLDivElement>();
  const values = useMemo(() => valuesOf(frames, options.reduce, zone), [frames, options.reduce, zone]);
  const found = tilesOf(values.length, width, space, options.orientation);
  const tiles = { ...found, height: Math.max(TILE_MIN, found.height) };
  const wide = isWide(options, values.length, tiles);
  const above = hasGraphs(values, options, tiles);
  const size = valueSize(values, options, tiles);
  return (
    <div
      ref={ref}
      className={classes.tiles}
      style={{ height: height ?? "100%", gridTemplateColumns: `repeat(${tiles.columns}, minmax(0, 1fr))` }}
    >
      {values.length === 0 ? (
        <NoData frames={frames} needs="The stat panel needs a numeric field, and the answers have none." />
      ) : (
        values.map((value, index) => (
          <Tile
            key={index}
            value={value}
            named={isNamed(options, values.length)}
            options={options}
            size={size}
            wide={wide}
            above={above}
            height={tiles.height}
            actions={actions}
          />
        ))
      )}
    </div>
  );
}

function isNamed({ text }: StatOptions, count: number): boolean {
  return text === "name" || text === "value_and_name" || (text === "auto" && count > 1);
}

const WIDE_ASPECT = 2.5;

/** Whether the names are beside the values. */
function isWide(options: StatOptions, count: number, { width, height }: Tiles): boolean {
  const named = isNamed(options, count) && options.text !== "name";
  return named && options.wide && options.justify !== "center" && width > height * WIDE_ASPECT;
}

/** As in the style sheet. */
const TILE_MIN = 34;
/** A lower tile has no space for a graph. */
const GRAPH_MIN = 60;

/** Whether any value has a graph below it: the texts of all are above. */
function hasGraphs(values: PanelValue[], { graph }: StatOptions, { height }: Tiles): boolean {
  return graph && height > GRAPH_MIN && values.some(({ series }) => series !== null);
}

/** The same for all values, so that they can be compared. */
function valueSize(values: PanelValue[], options: StatOptions, tiles: Tiles): number {
  if (options.sizes.value !== null) return options.sizes.value;
  const longest = Math.max(1, ...values.map((value) => shownText(value, options).length));
  const graphs = hasGraphs(values, options, tiles);
  if (isWide(options, values.length, tiles)) {
    const part = graphs ? 0.36 : options.change ? 0.42 : 0.6;
    return fittingSize(longest, tiles.width * 0.5 - 12, tiles.height * part, 72);
  }
  const lines = Number(isNamed(options, values.length)) + Number(options.change);
  const part = (graphs ? [0.46, 0.34, 0.28] : [0.62, 0.45, 0.34])[lines] ?? 0.28;
  return fittingSize(longest, tiles.width - 24, tiles.height * part, 72);
}

function shownText(value: PanelValue, { text }: StatOptions): string {
  return text === "name" ? value.name : text === "none" ? "" : valueText(value);
}

interface TileProps {
  value: PanelValue;
  named: boolean;
  options: StatOptions;
  size: number;
  /** With the name beside the value. */
  wide: boolean;
  /** Its texts are above the space of a graph. */
  above: boolean;
  height: number;
  actions: PanelActions | undefined;
}

function Tile({ value, named, options, size, wide, above, height, actions }: TileProps) {
  // The text on a colour is that of the scheme.
  useComputedColorScheme("dark");
  const filled = options.color.startsWith("background");
  const ground = options.color === "background_solid" ? value.color : shaded(value.color);
  const color = filled ? textOn(value.color) : options.color === "value" ? value.color : "var(--gh-text)";
  const title = Math.max(10, Math.min(18, options.sizes.title ?? size * (wide ? 0.7 : 0.45)));
  const numbers = value.series?.filter((one): one is number => one !== null && Number.isFinite(one)) ?? [];
  const centered = options.justify === "center" || !named;
  const graph = above ? graphHeight(height, size, named && !wide ? title : 0, options.change) : 0;
  return (
    <div
      className={classes.tile}
      style={{ color, ...(filled ? { background: ground } : {}), ...(above ? { paddingBottom: graph } : {}) }}
      data-centered={centered}
      data-wide={wide}
    >
      {above && numbers.length > 1 && (
        <div className={classes.graph} aria-hidden="true">
          <Sparkline
            values={numbers}
            label=""
            color={filled ? "currentcolor" : value.color}
            height={graph}
            from={Math.min(...numbers)}
          />
        </div>
      )}
      <div className={classes.texts}>
        <Linked links={linksOf(value.source, actions)}>
          {named && options.text !== "name" && (
            <span className={classes.name} style={{ fontSize: title }} data-filled={filled}>
              {value.name}
            </span>
          )}
          <span className={classes.value} style={{ fontSize: size }} title={value.name}>
            {shownText(value, options) || (options.text === "none" ? "" : "No value")}
          </span>
          {options.change && value.change !== null && (
            <Change value={value} options={options} filled={filled} />
          )}
        </Linked>
      </div>
    </div>
  );
}

/** What the texts leave of the height of a tile. */
function graphHeight(height: number, size: number, title: number, change: boolean): number {
  const texts = size * 1.15 + title * 1.25 + (change ? 18 : 0);
  return Math.round(Math.min(height * 0.5, Math.max(height * 0.25, height - texts - 12)));
}

/** Darker to the lower right, as a gradient. */
function shaded(color: string): string {
  return `linear-gradient(120deg, ${color}, color-mix(in srgb, ${color}, var(--gh-panel) 22%))`;
}

function Change({ value, options, filled }: { value: PanelValue; options: StatOptions; filled: boolean }) {
  const change = value.change ?? 0;
  const good = options.changeColor === "inverted" ? change < 0 : change > 0;
  const own = filled || options.changeColor === "same_as_value" || change === 0;
  return (
    <span
      className={classes.change}
      style={own ? undefined : { color: good ? "var(--gh-ok)" : "var(--gh-error)" }}
    >
      {change > 0 ? "▲ " : change < 0 ? "▼ " : ""}
      {formatValue(Math.abs(change), "percentunit", 1)}
    </span>
  );
}
