/** What the menus of values know of the view that shows the values. */
import { createContext, useContext } from "react";
import type { RawRange } from "../time/range";
import type { Language } from "./value";

export interface ViewQuery {
  language: Language;
  /** The search parameters of the view with a changed query; `refId` names one of several queries. */
  changed: (change: (query: string) => string, refId?: string) => Record<string, unknown>;
}

export interface ValueContext {
  /** Absent in a view without a query. */
  query?: ViewQuery;
  /** The time of the values, where it is not the time range of the page. */
  range?: RawRange;
}

const NO_CONTEXT: ValueContext = {};

export const QueryContext = createContext<ValueContext>(NO_CONTEXT);

export function useValueContext(): ValueContext {
  return useContext(QueryContext);
}
