/** Saves the text of a dashboard to its file, unless someone else has changed the file. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { saveDashboard } from "../../api/dashboards";
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

export function useSave(uid: string, version: string): Save {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: async ({ text, overwrite }: Wanted) => {
      const pretty = prettyJson(text);
      readDashboard(JSON.parse(pretty));
      return saveDashboard(uid, pretty, overwrite ? null : version);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["dashboards"] });
      void client.invalidateQueries({ queryKey: ["dashboard-history", uid] });
      return client.invalidateQueries({ queryKey: ["dashboard", uid] });
    },
  });
  const { error, variables } = mutation;
  return {
    start: (text, overwrite = false) => mutation.mutate({ text, overwrite }),
    saving: mutation.isPending,
    saved: mutation.isSuccess,
    conflict: error instanceof ApiError && error.status === 409,
    error,
    errorPosition: positionOf(error, variables?.text ?? ""),
    reset: mutation.reset,
  };
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
