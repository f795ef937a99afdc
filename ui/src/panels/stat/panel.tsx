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
  const tiles = tilesOf(values.length, width, space, options.orientation);
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

/** The same for all values, so that they can be compared. */
function valueSize(values: PanelValue[], options: StatOptions, tiles: Tiles): number {
  if (options.sizes.value !== null) return options.sizes.value;
  const longest = Math.max(1, ...values.map((value) => shownText(value, options).length));
  const lines = Number(isNamed(options, values.length)) + Number(options.change);
  const part = [0.62, 0.45, 0.34][lines] ?? 0.34;
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
  height: number;
  actions: PanelActions | undefined;
}

function Tile({ value, named, options, size, height, actions }: TileProps) {
  // The text on a colour is that of the scheme.
  useComputedColorScheme("dark");
  const filled = options.color.startsWith("background");
  const ground = options.color === "background_solid" ? value.color : shaded(value.color);
  const color = filled ? textOn(value.color) : options.color === "value" ? value.color : "var(--gh-text)";
  const title = Math.max(10, Math.min(18, options.sizes.title ?? size * 0.45));
  const numbers = value.series?.filter((one): one is number => one !== null && Number.isFinite(one)) ?? [];
  const centered = options.justify === "center" || !named;
  return (
    <div
      className={classes.tile}
      style={{ color, ...(filled ? { background: ground } : {}) }}
      data-centered={centered}
    >
      {options.graph && numbers.length > 1 && height > 60 && (
        <div className={classes.graph} aria-hidden="true">
          <Sparkline
            values={numbers}
            label=""
            color={filled ? "currentcolor" : value.color}
            height={Math.round(height * 0.4)}
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
