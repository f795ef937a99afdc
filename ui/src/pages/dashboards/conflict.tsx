/** The file has changed since the dashboard was opened: what differs, and the choice. */
import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchDashboard } from "../../api/dashboards";
import { Notice } from "../../components/notice";
import { Diff } from "./diff-view";
import classes from "./json-editor.module.css";
import type { Save } from "./use-save";

interface Props {
  uid: string;
  text: string;
  setText: (text: string) => void;
  save: Save;
}

export function Conflict({ uid, text, setText, save }: Props) {
  const client = useQueryClient();
  const theirs = useQuery({
    queryKey: ["dashboard-conflict", uid],
    queryFn: ({ signal }) => fetchDashboard(uid, signal),
    staleTime: 0,
    gcTime: 0,
  });
  const { data } = theirs;
  const file = data ? JSON.stringify(data.dashboard, null, 2) : undefined;
  const take = () => {
    if (!data || file === undefined) return;
    setText(file);
    client.setQueryData(["dashboard", uid], data);
    save.reset();
  };
  return (
    <>
      <Notice>
        <div className={classes.tools}>
          The file has changed since you opened it. Nothing is saved yet.
          <Button onClick={() => save.start(text, true)}>Overwrite the file</Button>
          <Button onClick={take} disabled={file === undefined}>
            Discard my changes
          </Button>
        </div>
      </Notice>
      {file !== undefined && <Diff before={file} after={text} label="From the file to your text" />}
    </>
  );
}
