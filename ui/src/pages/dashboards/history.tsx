/** What a dashboard was before its saves, and how it differs from what it is. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fetchHistory, fetchRevision } from "../../api/dashboards";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { useRange } from "../../time/context";
import { formatAgo, formatInstant } from "../../time/format";
import { Diff } from "./diff-view";
import classes from "./json-editor.module.css";

interface Props {
  uid: string;
  current: string;
  /** Opens the text of a revision in the editor. */
  restore: (text: string) => void;
}

export function History({ uid, current, restore }: Props) {
  const { zone } = useRange();
  const [chosen, setChosen] = useState<string | null>(null);
  const answer = useQuery({
    queryKey: ["dashboard-history", uid],
    queryFn: ({ signal }) => fetchHistory(uid, signal),
    staleTime: 0,
  });
  if (answer.error) return <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <LoadingBar active />;
  if (answer.data.length === 0)
    return (
      <EmptyState title="No earlier versions">
        Each save here keeps what the file had before. Changes of the file by others are not kept.
      </EmptyState>
    );
  const revision = chosen ?? answer.data[0]?.revision ?? "";
  return (
    <div className={classes.history}>
      <ul aria-label="Earlier versions">
        {answer.data.map(({ revision: one, replaced_unix_ms: atMs }) => (
          <li key={one}>
            <button type="button" aria-pressed={one === revision} onClick={() => setChosen(one)}>
              {formatInstant(atMs, zone)}
              <small>{formatAgo(atMs, Date.now())}</small>
            </button>
          </li>
        ))}
      </ul>
      <Revision uid={uid} revision={revision} current={current} restore={restore} />
    </div>
  );
}

function Revision({ uid, revision, current, restore }: Props & { revision: string }) {
  const answer = useQuery({
    queryKey: ["dashboard-revision", uid, revision],
    queryFn: ({ signal }) => fetchRevision(uid, revision, signal),
  });
  if (answer.error) return <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />;
  if (answer.data === undefined) return <LoadingBar active />;
  const text = JSON.stringify(answer.data, null, 2);
  return (
    <div className={classes.revision}>
      <div className={classes.tools}>
        Changes from this version to the file
        <Button onClick={() => restore(text)}>Edit this version</Button>
      </div>
      <Diff before={text} after={current} label="Changes since this version" />
    </div>
  );
}
