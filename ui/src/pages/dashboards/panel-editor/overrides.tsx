/** Overrides: properties of the fields that a matcher finds. */
import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { list, record, string } from "../../../api/decode";
import { Icon } from "../../../components/icon";
import { type Path, withValue } from "../../../dashboards/edit/json";
import { type OptionSpec, propertiesOf } from "../../../dashboards/edit/options";
import { partOf, queriesOf } from "../../../dashboards/edit/panel";
import { displayName } from "../../../data/display-name";
import type { Frame } from "../../../data/frame";
import { JsonField } from "./json-field";
import { OptionField } from "./option-field";
import classes from "./panel-editor.module.css";
import type { PanelEdit } from "./use-panel-edit";

const MATCHERS = [
  { value: "byName", label: "Fields with the name" },
  { value: "byRegexp", label: "Fields with a name that matches" },
  { value: "byType", label: "Fields of the type" },
  { value: "byFrameRefID", label: "Fields of the query" },
];
const NAMES_MAX = 500;

interface Props {
  edit: PanelEdit;
  type: string;
  frames: Frame[];
}

export function Overrides({ edit, type, frames }: Props) {
  const { panel, set } = edit;
  const overrides = list(partOf(panel, "fieldConfig", ["overrides"]));
  if (propertiesOf(type).length === 0 && overrides.length === 0) return null;
  const write = (next: unknown[]) => set("fieldConfig", ["overrides"], next);
  return (
    <details className={classes.group} open>
      <summary>Overrides{overrides.length > 0 && ` (${overrides.length})`}</summary>
      {overrides.map((override, index) => (
        <Override
          key={index}
          index={index}
          override={record(override)}
          type={type}
          choices={choicesOf(string(record(record(override).matcher).id), edit, frames)}
          set={(path, value) => write(list(withValue(overrides, [index, ...path], value)))}
          remove={() => write(overrides.filter((_, other) => other !== index))}
        />
      ))}
      <Button
        leftSection={<Icon name="plus" size={11} />}
        onClick={() => write([...overrides, { matcher: { id: "byName", options: "" }, properties: [] }])}
      >
        Add an override
      </Button>
    </details>
  );
}

/** What a matcher may name; null when it is a text. */
function choicesOf(matcher: string, { panel }: PanelEdit, frames: Frame[]): string[] | null {
  switch (matcher) {
    case "byName": {
      const names = frames.flatMap((frame) => frame.fields.map((field) => displayName(field, frame, frames)));
      return [...new Set(names)].slice(0, NAMES_MAX);
    }
    case "byType":
      return ["number", "string", "time", "boolean", "other"];
    case "byFrameRefID":
      return queriesOf(panel).map(({ refId }) => refId);
    default:
      return null;
  }
}

interface OverrideProps {
  index: number;
  override: Record<string, unknown>;
  type: string;
  choices: string[] | null;
  set: (path: Path, value: unknown) => void;
  remove: () => void;
}

function Override({ index, override, type, choices, set, remove }: OverrideProps) {
  const properties = list(override.properties);
  const known = propertiesOf(type);
  const used = properties.map((property) => string(record(property).id));
  const free = known.filter(({ id }) => !used.includes(id));
  return (
    <section className={classes.card} aria-label={`Override ${index + 1}`}>
      <Matcher override={override} choices={choices} set={set} remove={remove} />
      {properties.map((property, place) => (
        <Property
          key={place}
          property={record(property)}
          specs={known.filter(({ id }) => id === record(property).id)}
          set={(value) => set(["properties", place, "value"], value)}
          remove={() =>
            set(
              ["properties"],
              properties.filter((_, other) => other !== place),
            )
          }
        />
      ))}
      <Select
        aria-label={`Add a property to override ${index + 1}`}
        placeholder="Add a property"
        searchable
        value={null}
        data={[...new Map(free.map((spec) => [spec.id, propertyTitle(spec)]))].map(([value, label]) => ({
          value,
          label,
        }))}
        onChange={(id) => id && set(["properties"], [...properties, { id, value: undefined }])}
      />
    </section>
  );
}

function propertyTitle({ group, label }: OptionSpec): string {
  return `${group}: ${label}`;
}

function Matcher({ override, choices, set, remove }: Omit<OverrideProps, "index" | "type">) {
  const matcher = record(override.matcher);
  const id = string(matcher.id);
  const known = MATCHERS.some(({ value }) => value === id);
  const value = string(matcher.options);
  return (
    <>
      <div className={classes.row}>
        <Select
          className={classes.grow ?? ""}
          aria-label="Matcher"
          allowDeselect={false}
          value={id}
          data={known ? MATCHERS : [...MATCHERS, { value: id, label: id }]}
          onChange={(next) => next && set(["matcher"], { ...matcher, id: next, options: "" })}
        />
        <ActionIcon size={24} aria-label="Remove the override" onClick={remove}>
          <Icon name="close" size={12} />
        </ActionIcon>
      </div>
      {!known ? (
        <JsonField
          label={`Options of ${id}`}
          value={matcher.options ?? null}
          onChange={(next) => set(["matcher", "options"], next)}
        />
      ) : choices ? (
        <Select
          aria-label="Matches"
          placeholder="Choose"
          searchable
          value={value || null}
          data={value === "" || choices.includes(value) ? choices : [...choices, value]}
          onChange={(next) => next && set(["matcher", "options"], next)}
        />
      ) : (
        <TextInput
          aria-label="Matches"
          placeholder="/regular expression/"
          value={value}
          onChange={(event) => set(["matcher", "options"], event.currentTarget.value)}
        />
      )}
    </>
  );
}

interface PropertyProps {
  property: Record<string, unknown>;
  /** Of a value with several parts there are several. */
  specs: OptionSpec[];
  set: (value: unknown) => void;
  remove: () => void;
}

function Property({ property: { id, value }, specs, set, remove }: PropertyProps) {
  return (
    <div className={classes.row} style={{ alignItems: "end" }}>
      <div className={classes.grow}>
        {specs.length === 0 ? (
          <JsonField label={string(id)} value={value ?? null} onChange={set} />
        ) : (
          specs.map((spec) => {
            const path = spec.inner?.split(".") ?? [];
            const own = path.reduce((given: unknown, name) => record(given)[name], value);
            return (
              <OptionField
                key={spec.inner ?? ""}
                spec={spec}
                value={own}
                onChange={(next) => set(withValue(value, path, next))}
              />
            );
          })
        )}
      </div>
      <ActionIcon size={24} aria-label={`Remove the property ${string(id)}`} onClick={remove}>
        <Icon name="close" size={12} />
      </ActionIcon>
    </div>
  );
}
