/** Texts, tags and times of a dashboard. */
import { string, strings } from "../../../api/decode";
import type { DashboardEntry } from "../../../api/generated";
import { bodyOf, type Setting, settingOf, withSetting } from "../../../dashboards/edit/body";
import { useBoard } from "../board";
import { ChoiceField, LongTextField, TextField } from "../panel-editor/fields";
import classes from "./settings.module.css";
import { TagsField } from "./tags-field";

const ZONES = [
  { value: "", label: "Default" },
  { value: "browser", label: "Browser" },
  { value: "utc", label: "UTC" },
];
const CROSSHAIRS = {
  classic: [
    { value: 0, label: "Off" },
    { value: 1, label: "Crosshair" },
    { value: 2, label: "Tooltip" },
  ],
  v2: ["Off", "Crosshair", "Tooltip"].map((label) => ({ value: label, label })),
};

export function General({ entry }: { entry: DashboardEntry }) {
  const { draft } = useBoard();
  const { json, change } = draft;
  const { form } = bodyOf(json);
  const set = (name: Setting, value: unknown) =>
    change((one) => withSetting(one, name, value), `setting ${name}`);
  const text = (name: Setting, label: string, placeholder = "") => (
    <TextField
      label={label}
      placeholder={placeholder}
      value={string(settingOf(json, name))}
      onChange={(value) => set(name, value)}
    />
  );
  return (
    <div className={classes.form}>
      {text("title", "Title")}
      <LongTextField
        label="Description"
        value={string(settingOf(json, "description"))}
        onChange={(value) => set("description", value)}
      />
      <TagsField value={strings(settingOf(json, "tags"))} onChange={(tags) => set("tags", tags)} />
      <h3>Times</h3>
      <div className={classes.columns}>
        {text("from", "From", "now-6h")}
        {text("to", "To", "now")}
        {text("refresh", "Refresh", "off, 30s, 5m")}
      </div>
      <ChoiceField
        label="Time zone"
        value={settingOf(json, "timezone")}
        choices={ZONES}
        onChange={(value) => set("timezone", value)}
      />
      <ChoiceField
        label="Pointer in all charts"
        value={settingOf(json, "crosshair")}
        choices={CROSSHAIRS[form]}
        onChange={(value) => set("crosshair", value)}
      />
      <p className={classes.note}>
        File: <code>{entry.file}</code>
        {entry.folder !== "" && ` in the folder ${entry.folder}`}
      </p>
    </div>
  );
}
