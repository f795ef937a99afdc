/** The annotations of a dashboard, as their JSON. */
import { useState } from "react";
import { list } from "../../../api/decode";
import { Notice } from "../../../components/notice";
import { settingOf, withSetting } from "../../../dashboards/edit/body";
import { useBoard } from "../board";
import { JsonField } from "../panel-editor/json-field";
import classes from "./settings.module.css";

export function Annotations() {
  const { draft } = useBoard();
  const [wrong, setWrong] = useState(false);
  const write = (value: unknown) => {
    setWrong(!Array.isArray(value));
    if (Array.isArray(value)) draft.change((json) => withSetting(json, "annotations", value));
  };
  return (
    <div className={classes.form}>
      <p className={classes.note}>
        A list of queries, each with <code>name</code>, <code>datasource</code>, <code>expr</code>,{" "}
        <code>enable</code> and <code>iconColor</code>. It is applied with Ctrl Enter, or when the focus
        leaves it.
      </p>
      {wrong && <Notice>Annotations are a list. The text is not applied.</Notice>}
      <JsonField
        label="JSON of the annotations"
        rows={16}
        value={list(settingOf(draft.json, "annotations"))}
        onChange={write}
      />
    </div>
  );
}
