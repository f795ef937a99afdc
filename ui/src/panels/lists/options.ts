/** The options of the panels that are lists of the page's own things. */
import type { AlertState } from "../../alerts/states";
import { number, record, string, strings } from "../../api/decode";

export interface DashboardListOptions {
  /** Only dashboards with these tags, in this folder and with this text; empty for any. */
  tags: string[];
  folder: string;
  query: string;
  limit: number;
}

const ITEMS_MAX = 10;

export function readDashboardListOptions(value: unknown): DashboardListOptions {
  const { tags, folderUID, folderTitle, query, maxItems } = record(value);
  return {
    tags: strings(tags),
    folder: string(folderTitle) || string(folderUID),
    query: string(query),
    limit: Math.max(1, number(maxItems, ITEMS_MAX)),
  };
}

export interface AnnotationListOptions {
  tags: string[];
  limit: number;
  time: boolean;
  showTags: boolean;
}

export function readAnnotationListOptions(value: unknown): AnnotationListOptions {
  const { tags, limit, showTime, showTags } = record(value);
  return {
    tags: strings(tags),
    limit: Math.max(1, number(limit, ITEMS_MAX)),
    time: showTime !== false,
    showTags: showTags !== false,
  };
}

export interface AlertListOptions {
  states: AlertState[];
  /** A part of the name; empty for any. */
  name: string;
  /** Matchers; empty for any. */
  labels: string;
  limit: number;
}

const ALERTS_MAX = 20;

export function readAlertListOptions(value: unknown): AlertListOptions {
  const { stateFilter, alertName, alertInstanceLabelFilter, maxItems } = record(value);
  const { firing, pending } = record(stateFilter);
  const states: AlertState[] = [
    ...(firing === false ? [] : (["firing"] as const)),
    ...(pending === true ? (["pending"] as const) : []),
  ];
  return {
    states: states.length > 0 ? states : ["firing", "pending"],
    name: string(alertName),
    labels: string(alertInstanceLabelFilter),
    limit: Math.max(1, number(maxItems, ALERTS_MAX)),
  };
}
