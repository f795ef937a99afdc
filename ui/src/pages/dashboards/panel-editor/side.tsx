/** The options of a panel: its type, its texts, those of its type and its fields, and the overrides of fields. */
import { Select, TextInput } from "@mantine/core";
import { memo, useState } from "react";
import { list, string } from "../../../api/decode";
import { type OptionSpec, optionGroups, PANEL_TYPES, pathOf } from "../../../dashboards/edit/options";
import { partOf, typeOf, withType } from "../../../dashboards/edit/panel";
import type { Frame } from "../../../data/frame";
import { LongTextField, SwitchField, selectAll, TextField } from "./fields";
import { LinksField } from "./links-field";
import { OptionField } from "./option-field";
import { Overrides } from "./overrides";
import classes from "./panel-editor.module.css";
import type { PanelEdit } from "./use-panel-edit";

interface Props {
  edit: PanelEdit;
  /** What the panel shows, for the names of its fields. */
  frames: Frame[];
}

export function Side({ edit, frames }: Props) {
  const { panel, change } = edit;
  const [find, setFind] = useState("");
  const type = typeOf(panel);
  const types = Object.entries(PANEL_TYPES).map(([value, label]) => ({ value, label }));
  const words = find.trim().toLowerCase();
  const groups = optionGroups(type)
    .map(([group, specs]): [string, OptionSpec[]] => [
      group,
      specs.filter(({ label, id }) => `${group} ${label} ${id}`.toLowerCase().includes(words)),
    ])
    .filter(([, specs]) => specs.length > 0);
  return (
    <aside className={classes.side} aria-label="Options of the panel">
      <Select
        label="Visualization"
        searchable
        onFocus={selectAll}
        allowDeselect={false}
        value={type}
        data={
          Object.hasOwn(PANEL_TYPES, type)
            ? types
            : [...types, { value: type, label: `${type} (not supported)` }]
        }
        onChange={(next) => next && change((one) => withType(one, next))}
      />
      <TextInput
        aria-label="Find an option"
        placeholder="Find an option"
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
      />
      {words === "" && <PanelTexts edit={edit} />}
      {groups.map(([group, specs]) => (
        <details key={group} className={classes.group} open>
          <summary>{group}</summary>
          {specs.map((spec) => (
            <Option
              key={`${spec.id} ${spec.inner ?? ""}`}
              spec={spec}
              value={partOf(panel, ...placeOf(spec))}
              set={edit.set}
            />
          ))}
        </details>
      ))}
      {words !== "" && groups.length === 0 && <p className={classes.note}>No option matches.</p>}
      {words === "" && <Overrides edit={edit} type={type} frames={frames} />}
    </aside>
  );
}

interface OptionProps {
  spec: OptionSpec;
  value: unknown;
  set: PanelEdit["set"];
}

/** Only what changes is drawn again: the side has many controls. */
const Option = memo(function Option({ spec, value, set }: OptionProps) {
  const [part, path] = placeOf(spec);
  return <OptionField spec={spec} value={value} onChange={(next) => set(part, path, next)} />;
});

function placeOf(spec: OptionSpec): ["options" | "fieldConfig", string[]] {
  return spec.area === "options" ? ["options", pathOf(spec)] : ["fieldConfig", ["defaults", ...pathOf(spec)]];
}

function PanelTexts({ edit: { panel, set } }: { edit: PanelEdit }) {
  return (
    <details className={classes.group} open>
      <summary>Panel</summary>
      <TextField
        label="Title"
        value={string(partOf(panel, "title"))}
        onChange={(value) => set("title", [], value)}
      />
      <LongTextField
        label="Description"
        value={string(partOf(panel, "description"))}
        onChange={(value) => set("description", [], value === "" ? undefined : value)}
      />
      <SwitchField
        label="Transparent background"
        value={partOf(panel, "transparent") === true}
        onChange={(value) => set("transparent", [], value || undefined)}
      />
      <details className={classes.more} open={list(partOf(panel, "links")).length > 0}>
        <summary>Panel links</summary>
        <LinksField value={partOf(panel, "links")} onChange={(value) => set("links", [], value)} />
      </details>
    </details>
  );
}
