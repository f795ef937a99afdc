/** Imports a dashboard: a file of Grafana's JSON, or its text. */
import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createDashboard } from "../../api/dashboards";
import { ErrorMessage } from "../../components/error-message";
import { readDashboard } from "../../dashboards/read";
import classes from "./dashboards.module.css";
import { ImportCheck } from "./import-check";
import { prettyJson } from "./json-text";

export default function ImportDialog({ text: given, close }: { text: string; close: () => void }) {
  const [text, setText] = useState(given);
  const navigate = useNavigate();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: async () => {
      const pretty = prettyJson(text);
      // An error here says more than that of the server.
      readDashboard(JSON.parse(pretty));
      return createDashboard(pretty);
    },
    onSuccess: async ({ uid }) => {
      await client.invalidateQueries({ queryKey: ["dashboards"] });
      await navigate({ to: "/d/$uid", params: { uid } });
    },
  });
  return (
    <Modal opened onClose={close} title="Import a dashboard" size={640}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <label>
          A file of Grafana
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setText)}
          />
        </label>
        <label>
          or its JSON
          <textarea
            className={classes.json}
            rows={14}
            spellCheck={false}
            data-autofocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {text.trim() !== "" && <ImportCheck text={text} />}
        {save.error && <ErrorMessage error={save.error} />}
        <div className={classes.buttons}>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={text.trim() === ""} loading={save.isPending}>
            Import
          </Button>
        </div>
      </form>
    </Modal>
  );
}
