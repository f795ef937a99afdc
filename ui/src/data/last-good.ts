/** The last data of a question, for when a refresh of it fails. */
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

export interface Good<Data> {
  data: Data;
  /** When it was received. */
  atMs: number;
}

/**
 * The data of an answer whose key has the time range. After a failure it is the last data of the same question: that of
 * another question would look like its answer.
 */
export function useLastGood<Data>(question: unknown, answer: UseQueryResult<Data>): Good<Data> | undefined {
  const last = useRef<(Good<Data> & { question: unknown }) | undefined>(undefined);
  const { data, dataUpdatedAt, isPlaceholderData } = answer;
  const current = data === undefined || isPlaceholderData ? undefined : { data, atMs: dataUpdatedAt };
  useEffect(() => {
    if (data !== undefined && !isPlaceholderData) last.current = { question, data, atMs: dataUpdatedAt };
  }, [question, data, dataUpdatedAt, isPlaceholderData]);
  if (current) return current;
  if (last.current?.question === question) return last.current;
  return data === undefined ? undefined : { data, atMs: 0 };
}
