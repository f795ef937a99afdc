/** One variable: its name, where its values come from, and the values that it has now. */
import { Select, TextInput } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { string } from "../../../api/decode";
import { bodyOf } from "../../../dashboards/edit/body";
import {
  type EditedType,
  VARIABLE_TYPES,
  variableField,
  variableSource,
  variablesOf,
  variableText,
  variableType,
  withVariableField,
  withVariableSource,
  withVariables,
  withVariableText,
  withVariableType,
} from "../../../dashboards/edit/variables";
import { useBoard } from "../board";
import { keyOf, refOf, sourceChoices } from "../panel-editor/data-source-choices";
import { ChoiceField, SwitchField, TextField } from "../panel-editor/fields";
import { JsonField } from "../panel-editor/json-field";
import classes from "./settings.module.css";
import { VariablePreview } from "./variable-preview";

interface Props {
  index: number;
  item: unknown;
}

const HIDE = ["Nothing", "Label", "Variable"].map((label, value) => ({ value, label }));
const REFRESH = [
  { value: 1, label: "When the dashboard opens" },
  { value: 2, label: "When the time range changes" },
];
const SORTS = [
  "As answered",
  "A–Z",
  "Z–A",
  "1–9",
  "9–1",
  "A–Z, without case",
  "Z–A, without case",
  "Natural",
  "Natural, descending",
].map((label, value) => ({ value, label }));

/** What the text of a type is. */
const TEXTS: Record<EditedType, [label: string, placeholder: string]> = {
  query: ["Query", "label_values(up, job)"],
  custom: ["Values, separated by commas", "a, b, text : value"],
  interval: ["Intervals", "1m,5m,15m,1h"],
  constant: ["Value", ""],
  datasource: ["Type of the data source", "prometheus"],
  textbox: ["Default value", ""],
};

export function VariableForm({ index, item }: Props) {
  const { draft } = useBoard();
  const { form } = bodyOf(draft.json);
  const type = variableType(form, item);
  const write = (edit: (one: unknown) => unknown, key: string) =>
    draft.change(
      (json) =>
        withVariables(
          json,
          variablesOf(json).map((one, other) => (other === index ? edit(one) : one)),
        ),
      `variable ${index} ${key}`,
    );
  const field = (name: string) => variableField(form, item, name);
  const set = (name: string, value: unknown) =>
    write((one) => withVariableField(form, one, name, value), name);
  const known = Object.hasOwn(VARIABLE_TYPES, type);
  const name = string(field("name"));
  return (
    <section className={classes.form} aria-label={`Variable ${name}`}>
      <div className={classes.columns}>
        <Name index={index} value={name} onChange={(value) => set("name", value)} />
        <Select
          label="Type"
          allowDeselect={false}
          value={type}
          data={[
            ...Object.entries(VARIABLE_TYPES).map(([value, { label }]) => ({ value, label })),
            ...(known ? [] : [{ value: type, label: type }]),
          ]}
          onChange={(next) =>
            next && next !== type && write((one) => withVariableType(form, one, next as EditedType), "type")
          }
        />
        <TextField label="Label" value={string(field("label"))} onChange={(value) => set("label", value)} />
        <TextField
          label="Description"
          value={string(field("description"))}
          onChange={(value) => set("description", value)}
        />
        <ChoiceField
          label="Hide"
          value={field("hide")}
          choices={HIDE}
          onChange={(value) => set("hide", value)}
        />
      </div>
      {known ? (
        <Values type={type as EditedType} item={item} write={write} />
      ) : (
        <JsonField
          label={`JSON of ${name}`}
          value={item}
          rows={10}
          onChange={(value) => write(() => value, "json")}
        />
      )}
      <VariablePreview name={name} />
    </section>
  );
}

/** A name that the reader would not take is not written. */
function Name({
  index,
  value,
  onChange,
}: {
  index: number;
  value: string;
  onChange: (value: string) => void;
}) {
  const { draft } = useBoard();
  const { form } = bodyOf(draft.json);
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const problem = (name: string) => {
    if (!/^\w+$/.test(name)) return "Letters, digits and _";
    const taken = variablesOf(draft.json).some(
      (other, place) => place !== index && variableField(form, other, "name") === name,
    );
    return taken ? "Another variable has this name" : null;
  };
  return (
    <TextInput
      label="Name"
      value={typed}
      spellCheck={false}
      error={problem(typed)}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setTyped(next);
        if (problem(next) === null) onChange(next);
      }}
    />
  );
}

interface ValuesProps {
  type: EditedType;
  item: unknown;
  write: (edit: (one: unknown) => unknown, key: string) => void;
}

const LISTS: EditedType[] = ["query", "custom", "datasource"];

function Values({ type, item, write }: ValuesProps) {
  const { context, draft } = useBoard();
  const { form } = bodyOf(draft.json);
  const field = (name: string) => variableField(form, item, name);
  const set = (name: string, value: unknown) =>
    write((one) => withVariableField(form, one, name, value), name);
  const source = variableSource(form, item);
  const sources = useMemo(() => sourceChoices(context, source), [context, source]);
  const [label, placeholder] = TEXTS[type];
  const flag = (name: string, title: string) => (
    <SwitchField label={title} value={field(name) === true} onChange={(value) => set(name, value)} />
  );
  return (
    <>
      {type === "query" && (
        <Select
          label="Data source"
          searchable
          allowDeselect={false}
          value={keyOf(source)}
          data={sources}
          onChange={(key) => write((one) => withVariableSource(form, one, refOf(key)), "source")}
        />
      )}
      <Text
        label={label}
        placeholder={placeholder}
        value={variableText(form, item)}
        onChange={(value) => write((one) => withVariableText(form, one, value), "text")}
      />
      <div className={classes.columns}>
        {(type === "query" || type === "datasource") && (
          <TextField
            label="Regex"
            placeholder="/.*instance=(\S+).*/"
            value={string(field("regex"))}
            onChange={(value) => set("regex", value)}
          />
        )}
        {type === "query" && (
          <>
            <ChoiceField
              label="Order"
              value={field("sort")}
              choices={SORTS}
              onChange={(value) => set("sort", value)}
            />
            <ChoiceField
              label="Ask"
              value={field("refresh") || 1}
              choices={REFRESH}
              onChange={(value) => set("refresh", value)}
            />
          </>
        )}
        {LISTS.includes(type) && (
          <>
            {flag("multi", "Several values")}
            {flag("includeAll", "All")}
            {field("includeAll") === true && (
              <TextField
                label="Value of All"
                placeholder=".*"
                value={string(field("allValue"))}
                onChange={(value) => set("allValue", value === "" ? undefined : value)}
              />
            )}
          </>
        )}
        {type === "interval" && flag("auto", "Auto")}
      </div>
    </>
  );
}

/** What asks for values is applied with Enter, or when the focus leaves it. */
function Text({
  label,
  placeholder,
  value,
  onChange,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const apply = () => typed !== value && onChange(typed);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      className={classes.code ?? ""}
      spellCheck={false}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
    />
  );
}
