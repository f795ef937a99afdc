/** The frame of every view, and the search parameters of all. */
import { createRootRoute, retainSearchParams } from "@tanstack/react-router";
import { NotFound, RouteError } from "./shell/route-error";
import { Shell } from "./shell/shell";
import { parseDuration } from "./time/duration";
import { text } from "./url/search";

export type Given = Record<string, unknown>;

/** Search parameters of every view. */
export interface RangeSearch {
  from?: string;
  to?: string;
  refresh?: string;
}

export const rootRoute = createRootRoute({
  component: Shell,
  validateSearch: (given: Given): RangeSearch => {
    const refresh = text(given.refresh);
    return {
      from: text(given.from)?.slice(0, 64),
      to: text(given.to)?.slice(0, 64),
      refresh: refresh && parseDuration(refresh) !== null ? refresh : undefined,
    };
  },
  search: { middlewares: [retainSearchParams(["from", "to", "refresh"])] },
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});
