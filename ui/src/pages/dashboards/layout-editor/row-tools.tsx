/** What is changed of a row while the layout is edited. */
import { ActionIcon, Menu, TextInput, Tooltip } from "@mantine/core";
import { Icon } from "../../../components/icon";
import { sectionsOf } from "../../../dashboards/edit/places";
import { collapsedRow, movedRow, removedRow, renamedRow, rowTitle } from "../../../dashboards/edit/rows";
import { AddPanel } from "../add-panel";
import { useBoard } from "../board";
import classes from "./layout-editor.module.css";

export default function RowTools({ index, title }: { index: number; title: string }) {
  const { draft } = useBoard();
  const { change, json } = draft;
  const sections = sectionsOf(json);
  const collapsed = sections[index]?.collapsed === true;
  const act = (label: string, icon: "up" | "down", to: number) => (
    <Tooltip label={label}>
      <ActionIcon
        size={24}
        aria-label={`${label}: ${title}`}
        disabled={!sections[to]?.row}
        onClick={() => change((one) => movedRow(one, index, to))}
      >
        <Icon name={icon} size={13} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={classes.rowTools}>
      <TextInput
        aria-label={`Title of the row ${title}`}
        w={200}
        value={rowTitle(json, index)}
        onChange={(event) => {
          const next = event.currentTarget.value;
          change((one) => renamedRow(one, index, next), `row ${index}`);
        }}
      />
      <AddPanel index={index} label="Panel" />
      {act("Move the row up", "up", index - 1)}
      {act("Move the row down", "down", index + 1)}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={24} aria-label={`Menu of the row ${title}`}>
            <Icon name="more" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => change((one) => collapsedRow(one, index, !collapsed))}>
            {collapsed ? "Open when the dashboard opens" : "Collapse when the dashboard opens"}
          </Menu.Item>
          <Menu.Item onClick={() => change((one) => removedRow(one, index, false))}>
            Remove the row, keep its panels
          </Menu.Item>
          <Menu.Item onClick={() => change((one) => removedRow(one, index, true))}>
            Remove the row and its panels
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
