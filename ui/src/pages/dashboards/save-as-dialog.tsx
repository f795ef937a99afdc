/** Saves the text of a dashboard as a new one, in the data folder. */
import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createDashboard } from "../../api/dashboards";
import { ErrorMessage } from "../../components/error-message";
import classes from "./dashboards.module.css";
import { asNew } from "./json-text";

interface Props {
  text: string;
  title: string;
  close: () => void;
  onSaved?: () => void;
}

export default function SaveAsDialog({ text, title: given, close, onSaved }: Props) {
  const [title, setTitle] = useState(given);
  const navigate = useNavigate();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => createDashboard(asNew(text, title)),
    onSuccess: async ({ uid }) => {
      onSaved?.();
      await client.invalidateQueries({ queryKey: ["dashboards"] });
      await navigate({ to: "/d/$uid", params: { uid } });
    },
  });
  return (
    <Modal opened onClose={close} title="Save as a new dashboard" size={460}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label="Title"
          data-autofocus
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        {save.error && <ErrorMessage error={save.error} />}
        <div className={classes.buttons}>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" variant="filled" disabled={title.trim() === ""} loading={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
