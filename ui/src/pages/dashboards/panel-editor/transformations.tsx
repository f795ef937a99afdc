/** The transformations of a panel, in the order in which they run. Their options are edited as JSON. */
import { ActionIcon, Select, Switch, Tooltip } from "@mantine/core";
import { list, record, string } from "../../../api/decode";
import { EmptyState } from "../../../components/empty-state";
import { Icon } from "../../../components/icon";
import { moved } from "../../../dashboards/edit/json";
import {
  newTransformation,
  partOf,
  transformationsOf,
  withTransformation,
} from "../../../dashboards/edit/panel";
import { isTransformation, TRANSFORMATION_IDS } from "../../../dashboards/transform/transform";
import { useBoard } from "../board";
import { JsonField } from "./json-field";
import classes from "./panel-editor.module.css";
import type { PanelEdit } from "./use-panel-edit";

export function Transformations({ edit }: { edit: PanelEdit }) {
  const { draft } = useBoard();
  const { panel, set } = edit;
  const items = list(partOf(panel, "transformations"));
  const write = (next: unknown[]) => set("transformations", [], next);
  const version = string(record(draft.json).apiVersion);
  const part = (index: number, name: "options" | "disabled", value: unknown) =>
    write(
      items.map((item, other) =>
        other === index ? withTransformation(panel.form, item, name, value) : item,
      ),
    );
  const act = (label: string, icon: "up" | "down" | "close", off: boolean, run: () => void) => (
    <Tooltip label={label.split(" ").slice(0, -1).join(" ")}>
      <ActionIcon size={24} aria-label={label} disabled={off} onClick={run}>
        <Icon name={icon} size={13} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={classes.tab}>
      {items.length === 0 && (
        <EmptyState title="No transformations">
          They change the answers before they are shown: join them, rename fields, calculate. Add one below.
        </EmptyState>
      )}
      {transformationsOf(panel).map(({ id, options, disabled }, index) => (
        <section
          key={index}
          className={classes.card}
          aria-label={`Transformation ${index + 1}`}
          data-off={disabled}
        >
          <div className={classes.cardHead}>
            <b>
              {index + 1}. {id}
            </b>
            {!isTransformation(id) && <small>Not supported: it changes nothing here</small>}
            <div className={classes.end}>
              <Switch
                label="On"
                labelPosition="left"
                aria-label={`Use transformation ${index + 1}`}
                checked={!disabled}
                onChange={(event) => part(index, "disabled", !event.currentTarget.checked)}
              />
              {act(`Move up ${id}`, "up", index === 0, () => write(moved(items, index, index - 1)))}
              {act(`Move down ${id}`, "down", index === items.length - 1, () =>
                write(moved(items, index, index + 1)),
              )}
              {act(`Remove ${id}`, "close", false, () => write(items.filter((_, other) => other !== index)))}
            </div>
          </div>
          <JsonField
            label={`Options of ${id}`}
            value={options}
            onChange={(value) => part(index, "options", value)}
          />
        </section>
      ))}
      <Select
        className={classes.add ?? ""}
        aria-label="Add a transformation"
        placeholder="Add a transformation"
        w={260}
        searchable
        value={null}
        data={[...TRANSFORMATION_IDS].sort()}
        onChange={(id) => id && write([...items, newTransformation(panel.form, id, version)])}
      />
    </div>
  );
}
