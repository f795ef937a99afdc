/** What is added to the layout while it is edited, and how its panels are moved. */
import { Button } from "@mantine/core";
import { Icon } from "../../../components/icon";
import { freeId } from "../../../dashboards/edit/layout";
import { addedRow } from "../../../dashboards/edit/rows";
import { AddPanel } from "../add-panel";
import { useBoard } from "../board";
import classes from "./layout-editor.module.css";

export default function LayoutBar({ done }: { done: () => void }) {
  const { draft } = useBoard();
  return (
    <div className={classes.bar} role="group" aria-label="Editor of the layout">
      <AddPanel />
      <Button
        leftSection={<Icon name="plus" size={11} />}
        onClick={() => draft.change((json) => addedRow(json, freeId(json)))}
      >
        Add a row
      </Button>
      <span>
        Drag a panel by its handle, or use the arrow keys on it; with <kbd>Shift</kbd> they change its size.
      </span>
      <Button className={classes.end ?? ""} variant="filled" onClick={done}>
        Done
      </Button>
    </div>
  );
}
