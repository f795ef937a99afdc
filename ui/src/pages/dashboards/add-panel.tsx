/** Adds a panel to a row of the dashboard, and opens its editor. */
import { Button } from "@mantine/core";
import { Icon } from "../../components/icon";
import { addedPanel } from "../../dashboards/edit/layout";
import { useBoard } from "./board";

export function AddPanel({ index = 0, label = "Add a panel" }: { index?: number; label?: string }) {
  const { draft, edit } = useBoard();
  const add = () => {
    const { key } = addedPanel(draft.json, index);
    draft.change((json) => addedPanel(json, index).json);
    edit(key);
  };
  return (
    <Button leftSection={<Icon name="plus" size={11} />} onClick={add}>
      {label}
    </Button>
  );
}
