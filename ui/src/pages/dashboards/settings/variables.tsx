/** The variables of a dashboard: their list, and the one that is edited with the values that it finds. */
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useState } from "react";
import { string } from "../../../api/decode";
import { EmptyState } from "../../../components/empty-state";
import { Icon, type IconName } from "../../../components/icon";
import { bodyOf } from "../../../dashboards/edit/body";
import { insertedAt, moved } from "../../../dashboards/edit/json";
import {
  type EditedType,
  newVariable,
  VARIABLE_TYPES,
  variableField,
  variablesOf,
  variableType,
  withVariableField,
  withVariables,
} from "../../../dashboards/edit/variables";
import { useBoard } from "../board";
import classes from "./settings.module.css";
import { VariableForm } from "./variable-form";

export function Variables() {
  const { draft } = useBoard();
  const { json, change } = draft;
  const { form } = bodyOf(json);
  const [chosen, setChosen] = useState(0);
  const items = variablesOf(json);
  const index = Math.min(chosen, items.length - 1);
  const write = (next: unknown[], at: number) => {
    change((one) => withVariables(one, next));
    setChosen(Math.max(0, at));
  };
  const nameOf = (item: unknown) => string(variableField(form, item, "name"));
  const copy = (item: unknown) => {
    const fresh = variableField(form, newVariable(json, "custom"), "name");
    return withVariableField(form, item, "name", fresh);
  };
  return (
    <div className={classes.split}>
      <div className={classes.list}>
        <ul aria-label="Variables">
          {items.map((item, place) => (
            <li key={place} data-chosen={place === index}>
              <button type="button" aria-pressed={place === index} onClick={() => setChosen(place)}>
                {nameOf(item)}
                <small>{variableType(form, item)}</small>
              </button>
              {place === index && (
                <span className={classes.acts}>
                  <Act
                    icon="up"
                    label="Move up"
                    off={place === 0}
                    run={() => write(moved(items, place, place - 1), place - 1)}
                  />
                  <Act
                    icon="down"
                    label="Move down"
                    off={place === items.length - 1}
                    run={() => write(moved(items, place, place + 1), place + 1)}
                  />
                  <Act
                    icon="copy"
                    label="Duplicate"
                    run={() => write(insertedAt(items, place + 1, copy(item)), place + 1)}
                  />
                  <Act
                    icon="close"
                    label="Remove"
                    run={() =>
                      write(
                        items.filter((_, other) => other !== place),
                        place - 1,
                      )
                    }
                  />
                </span>
              )}
            </li>
          ))}
        </ul>
        <AddVariable add={(type) => write([...items, newVariable(json, type)], items.length)} />
      </div>
      {items[index] === undefined ? (
        <EmptyState title="No variables">
          A variable is a value that queries and titles name, as in <code>$job</code>. Add one at the left.
        </EmptyState>
      ) : (
        <VariableForm key={index} index={index} item={items[index]} />
      )}
    </div>
  );
}

function Act({
  icon,
  label,
  run,
  off = false,
}: {
  icon: IconName;
  label: string;
  run: () => void;
  off?: boolean;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon size={22} disabled={off} aria-label={`${label} the variable`} onClick={run}>
        <Icon name={icon} size={12} />
      </ActionIcon>
    </Tooltip>
  );
}

function AddVariable({ add }: { add: (type: EditedType) => void }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={classes.addButton}>
          <Icon name="plus" size={11} /> Add a variable
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(VARIABLE_TYPES).map(([type, { label }]) => (
          <Menu.Item key={type} onClick={() => add(type as EditedType)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
