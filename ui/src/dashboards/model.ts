/**
 * A dashboard as the page shows it. It has the shape of Grafana's schema v2, into which all older forms are read:
 * panels by their keys, and a layout that refers to them.
 */
import type { FieldConfigSource } from "../data/field-config";

export interface DashboardModel {
  /** Empty when the JSON has none. */
  uid: string;
  title: string;
  description: string;
  tags: string[];
  editable: boolean;
  panels: Record<string, PanelModel>;
  layout: Layout;
  variables: VariableModel[];
  annotations: AnnotationModel[];
  links: LinkModel[];
  time: TimeSettings;
  /** What the pointer in one chart shows in the others. */
  crosshair: "off" | "crosshair" | "tooltip";
  /** The inputs of a shared dashboard, such as `DS_PROMETHEUS`. */
  inputs: Record<string, InputModel>;
  /** What could not be read. */
  problems: string[];
}

export interface TimeSettings {
  from: string;
  to: string;
  /** The interval of the refresh, such as `30s`; empty for none. */
  refresh: string;
  refreshIntervals: string[];
  /** `browser`, `utc`, a name of the time zone database, or empty. */
  timezone: string;
  weekStart: string;
  /** 0 is January. */
  fiscalYearStartMonth: number;
  hidePicker: boolean;
  /** The end of a range is so long ago. */
  nowDelay: string;
}

/** The source of a query, as the JSON names it. Each part may be empty or contain a variable. */
export interface DataSourceRef {
  type: string;
  /** The uid or the name. */
  uid: string;
}

export interface QueryModel {
  refId: string;
  hidden: boolean;
  dataSource: DataSourceRef | null;
  /** The rest of the query; its shape depends on the data source. */
  spec: Record<string, unknown>;
}

export interface TransformationModel {
  id: string;
  options: Record<string, unknown>;
  disabled: boolean;
  /** Only frames that it matches are transformed. */
  filter: { id: string; options: unknown } | null;
}

export interface PanelModel {
  key: string;
  id: number;
  /** Grafana's name of the type, after the migration of types that it has replaced. */
  type: string;
  /** The type in the JSON. */
  originalType: string;
  title: string;
  /** Markdown. */
  description: string;
  transparent: boolean;
  links: LinkModel[];
  dataSource: DataSourceRef | null;
  queries: QueryModel[];
  transformations: TransformationModel[];
  /** The minimum distance of two points. */
  interval: string;
  maxDataPoints: number | null;
  timeFrom: string;
  timeShift: string;
  hideTimeOverride: boolean;
  /** As the type of the panel reads them. */
  options: Record<string, unknown>;
  fieldConfig: FieldConfigSource;
  /** The panel of a library that it stands for, and that the JSON does not contain. */
  libraryPanel: { uid: string; name: string } | null;
}

export interface Repeat {
  variable: string;
  direction: "h" | "v";
  /** Panels beside each other. */
  perRowMax: number;
}

export interface GridItem {
  panel: string;
  /** In columns of 24. */
  x: number;
  y: number;
  width: number;
  height: number;
  repeat: Repeat | null;
}

export interface AutoGridItem {
  panel: string;
  repeat: Repeat | null;
  condition: Condition | null;
}

export interface RowModel {
  title: string;
  collapsed: boolean;
  hideHeader: boolean;
  repeat: Repeat | null;
  condition: Condition | null;
  layout: Layout;
}

export interface TabModel {
  title: string;
  repeat: Repeat | null;
  condition: Condition | null;
  layout: Layout;
}

export type Layout =
  | { kind: "grid"; items: GridItem[] }
  | { kind: "rows"; rows: RowModel[] }
  | {
      kind: "auto-grid";
      items: AutoGridItem[];
      columnsMax: number;
      /** Pixels. */
      columnWidth: number;
      rowHeight: number;
    }
  | { kind: "tabs"; tabs: TabModel[] };

export interface Condition {
  show: boolean;
  every: boolean;
  items: ConditionItem[];
}

export type ConditionItem =
  | { kind: "variable"; variable: string; operator: string; value: string }
  /** Whether the panel has data. */
  | { kind: "data"; value: boolean }
  | { kind: "time-range-size"; value: string };

export interface LinkModel {
  title: string;
  type: "link" | "dashboards";
  /** With variables. */
  url: string;
  tooltip: string;
  /** Dashboards with all of these tags. */
  tags: string[];
  asDropdown: boolean;
  newTab: boolean;
  includeVariables: boolean;
  keepTime: boolean;
}

export interface AnnotationModel {
  name: string;
  enabled: boolean;
  /** Without a switch in the controls. */
  hidden: boolean;
  color: string;
  dataSource: DataSourceRef | null;
  /** Panels by id that it is shown in, or that it is not shown in. */
  filter: { ids: number[]; exclude: boolean } | null;
  spec: Record<string, unknown>;
}

export interface InputModel {
  type: string;
  pluginId: string;
  value: string;
}

export type VariableType =
  | "query"
  | "datasource"
  | "custom"
  | "interval"
  | "textbox"
  | "constant"
  | "switch"
  | "adhoc"
  | "groupby"
  | "system";

export interface VariableOption {
  text: string;
  value: string;
}

/** What is chosen of a variable: texts and values in the same order. */
export interface Chosen {
  values: string[];
  texts: string[];
}

export interface AdHocFilter {
  key: string;
  operator: string;
  value: string;
}

export interface VariableModel {
  type: VariableType;
  name: string;
  /** Empty when the name is the label. */
  label: string;
  description: string;
  /** What the bar of variables leaves out. */
  hide: "nothing" | "label" | "variable";
  /** Not in the URL. */
  skipUrlSync: boolean;
  multi: boolean;
  includeAll: boolean;
  /** What All stands for, with variables; empty when it is all options. */
  allValue: string;
  allowCustom: boolean;
  current: Chosen;
  /** The options that the JSON has: all of them, except for `query` and `datasource`. */
  options: VariableOption[];
  dataSource: DataSourceRef | null;
  /** The query of `query`, the type of `datasource`, or the text of the others. */
  query: string | Record<string, unknown>;
  /** Filters options, and may take a part of them. */
  regex: string;
  regexApplyTo: "value" | "text";
  sort: VariableSort;
  /** Whether the options depend on the time range. */
  refreshOnTime: boolean;
  auto: { count: number; min: string } | null;
  /** Of an ad hoc variable; its options are the labels that can be filtered, or all when it has none. */
  filters: AdHocFilter[];
  /** Filters that a person does not see, and cannot remove. */
  baseFilters: AdHocFilter[];
}

export type VariableSort =
  | "disabled"
  | "alphabeticalAsc"
  | "alphabeticalDesc"
  | "numericalAsc"
  | "numericalDesc"
  | "alphabeticalCaseInsensitiveAsc"
  | "alphabeticalCaseInsensitiveDesc"
  | "naturalAsc"
  | "naturalDesc";

/** The value that stands for all options. */
export const ALL = "$__all";
