/** The transformations of a panel: they run in their order over its frames. */
import type { Frame } from "../../data/frame";
import type { TransformationModel } from "../model";
import { calculateField } from "./calculate";
import { configFromData, rowsToFields } from "./config";
import { convertFieldType, extractFields, formatString, formatTime, transpose } from "./convert";
import type { Transformation } from "./fields";
import { concatenate, joinByField, joinByLabels, merge, seriesToRows } from "./join";
import {
  filterByRefId,
  filterFields,
  filterFieldsByName,
  matchesRefId,
  organize,
  renameByRegex,
} from "./names";
import { filterByValue, groupBy, groupingToMatrix, limit, partitionByValues, sortBy } from "./rows";
import { histogram, labelsToFields, prepareTimeSeries, reduceFrames, timeSeriesTable } from "./series";

/** By their names in Grafana. */
const TRANSFORMATIONS: Record<string, Transformation> = {
  calculateField,
  concatenate,
  configFromData,
  convertFieldType,
  extractFields,
  filterByRefId,
  filterByValue,
  filterFields,
  filterFieldsByName,
  formatString,
  formatTime,
  groupBy,
  groupingToMatrix,
  histogram,
  joinByField,
  joinByLabels,
  labelsToFields,
  limit,
  merge,
  noop: (frames) => frames,
  organize,
  partitionByValues,
  prepareTimeSeries,
  reduce: reduceFrames,
  renameByRegex,
  rowsToFields,
  seriesToColumns: joinByField,
  seriesToRows,
  sortBy,
  timeSeriesTable,
  transpose,
};

export const TRANSFORMATION_IDS = Object.keys(TRANSFORMATIONS);

export function isTransformation(id: string): boolean {
  return Object.hasOwn(TRANSFORMATIONS, id);
}

/** `text` replaces the variables of an option. One that is unknown here changes nothing. */
export function transformFrames(
  frames: Frame[],
  transformations: TransformationModel[],
  text: (given: string) => string,
): Frame[] {
  // Exemplars are drawn beside the series.
  const exemplars = frames.filter(({ meta }) => meta.type === "exemplars");
  const given = frames.filter((frame) => !exemplars.includes(frame));
  const made = transformations.reduce((found, one) => transformed(found, one, text), given);
  return exemplars.length === 0 ? made : [...made, ...exemplars];
}

function transformed(
  frames: Frame[],
  { id, options, disabled, filter }: TransformationModel,
  text: (given: string) => string,
): Frame[] {
  const transformation = isTransformation(id) ? TRANSFORMATIONS[id] : undefined;
  if (!transformation || disabled || frames.length === 0) return frames;
  const wanted = filter?.id === "byRefId" && typeof filter.options === "string" ? filter.options : "";
  if (wanted === "") return transformation(frames, options, text);
  const matching = frames.filter((frame) => matchesRefId(frame, wanted));
  if (matching.length === 0) return frames;
  return [...transformation(matching, options, text), ...frames.filter((frame) => !matching.includes(frame))];
}
