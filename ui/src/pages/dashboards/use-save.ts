/** Saves the text of a dashboard to its file, unless someone else has changed the file. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { saveDashboard } from "../../api/dashboards";
import type { DashboardEntry } from "../../api/generated";
import { ApiError } from "../../api/http";
import { readDashboard } from "../../dashboards/read";
import type { ErrorPosition } from "../../editor/codemirror";
import { prettyJson } from "./json-text";

export interface Save {
  /** `overwrite` replaces the file whatever it has become. */
  start: (text: string, overwrite?: boolean) => void;
  saving: boolean;
  saved: boolean;
  /** Whether the file has changed since it was opened. */
  conflict: boolean;
  error: unknown;
  errorPosition: ErrorPosition | null;
  reset: () => void;
}

interface Wanted {
  text: string;
  overwrite: boolean;
}

/** `onSaved` runs when the new file is known here. */
export function useSave(
  uid: string,
  version: string,
  onSaved?: (entry: DashboardEntry, text: string) => void,
): Save {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: async ({ text, overwrite }: Wanted) => {
      const pretty = prettyJson(text);
      readDashboard(JSON.parse(pretty));
      return saveDashboard(uid, pretty, overwrite ? null : version);
    },
    onSuccess: async (entry, { text }) => {
      void client.invalidateQueries({ queryKey: ["dashboards"] });
      void client.invalidateQueries({ queryKey: ["dashboard-history", uid] });
      await client.invalidateQueries({ queryKey: ["dashboard", uid] });
      onSaved?.(entry, text);
    },
  });
  const { mutate, reset, isPending, isSuccess, error, variables } = mutation;
  return useMemo(
    () => ({
      start: (text, overwrite = false) => mutate({ text, overwrite }),
      saving: isPending,
      saved: isSuccess,
      conflict: error instanceof ApiError && error.status === 409,
      error,
      errorPosition: positionOf(error, variables?.text ?? ""),
      reset,
    }),
    [mutate, reset, isPending, isSuccess, error, variables],
  );
}

/** Browsers name the place of what is no JSON in their own words. */
export function positionOf(error: unknown, text: string): ErrorPosition | null {
  if (!(error instanceof SyntaxError)) return null;
  const { message } = error;
  const place = /line (\d+) column (\d+)/.exec(message);
  if (place) return { line: Number(place[1]), column: Number(place[2]), message };
  const offset = /position (\d+)/.exec(message)?.[1];
  if (offset === undefined) return null;
  const before = text.slice(0, Number(offset)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
}
