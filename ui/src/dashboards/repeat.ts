/** Panels, rows and tabs that are repeated for each value of a variable, and those that are shown on a condition. */
import type { Range } from "../time/range";
import { intervalMs } from "./intervals";
import {
  ALL,
  type Condition,
  type ConditionItem,
  type GridItem,
  type Repeat,
  type VariableOption,
} from "./model";
import { variableRegex } from "./option-order";
import type { VariableStates } from "./scope";

/** More copies of a panel are not made. */
const COPIES_MAX = 200;
const COLUMNS = 24;

export type Scoped = Record<string, VariableOption>;

/** The chosen values of the variable; none when there is no such variable, or no value. */
export function repeatedValues(repeat: Repeat, variables: VariableStates): VariableOption[] {
  const state = Object.hasOwn(variables, repeat.variable) ? variables[repeat.variable] : undefined;
  if (!state) return [];
  const { chosen, options } = state;
  const found = chosen.values.includes(ALL)
    ? options.filter(({ value }) => value !== ALL)
    : chosen.values.map((value, index) => ({ value, text: chosen.texts[index] ?? value }));
  return found.slice(0, COPIES_MAX);
}

/** The scopes of the copies; one without a value when there is none. */
export function copiesOf(repeat: Repeat | null, variables: VariableStates, outer: Scoped): Scoped[] {
  if (!repeat) return [outer];
  // What a row is repeated for has one value within the row.
  if (Object.hasOwn(outer, repeat.variable)) return [outer];
  const values = repeatedValues(repeat, variables);
  return values.length === 0 ? [outer] : values.map((option) => ({ ...outer, [repeat.variable]: option }));
}

export interface PlacedItem {
  /** Unique in the grid. */
  key: string;
  panel: string;
  x: number;
  y: number;
  width: number;
  height: number;
  scoped: Scoped;
}

/** The items of a grid with their copies. What is below a repeated panel moves down. */
export function placedItems(items: GridItem[], variables: VariableStates, outer: Scoped): PlacedItem[] {
  const ordered = [...items].sort((left, right) => left.y - right.y || left.x - right.x);
  const grown: { from: number; by: number }[] = [];
  return ordered.flatMap(({ panel, x, y, width, height, repeat }) => {
    const down = grown.reduce((sum, { from, by }) => (y >= from ? sum + by : sum), 0);
    const copies = copiesOf(repeat, variables, outer);
    const beside = repeat?.direction === "h" ? Math.min(copies.length, repeat.perRowMax) : 1;
    const rows = Math.ceil(copies.length / beside);
    if (rows > 1) grown.push({ from: y + height, by: (rows - 1) * height });
    const own =
      beside > 1 || (repeat?.direction === "h" && copies.length > 1) ? Math.floor(COLUMNS / beside) : width;
    return copies.map((scoped, index) => ({
      key: index === 0 ? panel : `${panel}-${index}`,
      panel,
      x: beside > 1 ? (index % beside) * own : x,
      y: y + down + Math.floor(index / beside) * height,
      width: own,
      height,
      scoped,
    }));
  });
}

/** Whether a part of the dashboard is shown. `hasData` is undefined until the panel has an answer. */
export function conditionHolds(
  condition: Condition | null,
  variables: VariableStates,
  range: Range,
  hasData?: boolean,
): boolean {
  if (!condition) return true;
  const holds = (item: ConditionItem) => itemHolds(item, variables, range, hasData);
  const met = condition.every ? condition.items.every(holds) : condition.items.some(holds);
  return met === condition.show;
}

function itemHolds(
  item: ConditionItem,
  variables: VariableStates,
  range: Range,
  hasData: boolean | undefined,
): boolean {
  if (item.kind === "data") return (hasData ?? item.value) === item.value;
  if (item.kind === "time-range-size") {
    const limit = intervalMs(item.value);
    return limit === null || range.toMs - range.fromMs <= limit;
  }
  const state = Object.hasOwn(variables, item.variable) ? variables[item.variable] : undefined;
  const values = state?.chosen.values ?? [];
  switch (item.operator) {
    case "notEquals":
      return !values.includes(item.value);
    case "matches":
      return values.some((value) => matches(value, item.value));
    case "notMatches":
      return !values.some((value) => matches(value, item.value));
    default:
      return values.includes(item.value);
  }
}

function matches(value: string, source: string): boolean {
  try {
    return variableRegex(source).test(value);
  } catch {
    return false;
  }
}
