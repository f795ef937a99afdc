/** What values are shown as: a text, a color. Each row is a condition, also where the JSON has several in one object. */
import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { list, record, string } from "../../../api/decode";
import { Icon } from "../../../components/icon";
import { type Path, valueAt, withValue } from "../../../dashboards/edit/json";
import { ColorField } from "./color-field";
import { NumberField } from "./fields";
import { addedMapping, type MappingRow, mappingRows, renamedValue, withoutRow } from "./mappings";
import classes from "./panel-editor.module.css";

interface Props {
  value: unknown;
  onChange: (value: unknown) => void;
}

const SPECIAL = ["null", "nan", "null+nan", "true", "false", "empty"];

export function MappingsField({ value, onChange }: Props) {
  const mappings = list(value);
  const rows = mappingRows(mappings);
  return (
    <div className={classes.rows}>
      {rows.map((row, index) => (
        <Mapping key={index} row={row} mappings={mappings} onChange={onChange} />
      ))}
      <Select
        aria-label="Add a mapping"
        placeholder="Add a mapping"
        value={null}
        data={[
          { value: "value", label: "Value" },
          { value: "range", label: "Range" },
          { value: "regex", label: "Regex" },
          { value: "special", label: "Special value" },
        ]}
        onChange={(type) => type && onChange(addedMapping(mappings, type))}
      />
      {rows.length > 0 && <Button onClick={() => onChange([])}>Remove all mappings</Button>}
    </div>
  );
}

interface RowProps {
  row: MappingRow;
  mappings: unknown[];
  onChange: (value: unknown) => void;
}

function Mapping({ row, mappings, onChange }: RowProps) {
  const set = (path: Path, next: unknown) => onChange(withValue(mappings, path, next));
  const result = record(valueAt(mappings, row.result));
  return (
    <div className={classes.mapping}>
      <div className={classes.row}>
        <small>{row.type}</small>
        <Condition row={row} mappings={mappings} onChange={onChange} />
        <ActionIcon
          size={24}
          aria-label="Remove the mapping"
          onClick={() => onChange(withoutRow(mappings, row))}
        >
          <Icon name="close" size={12} />
        </ActionIcon>
      </div>
      <div className={classes.row}>
        <small>as</small>
        <TextInput
          className={classes.grow ?? ""}
          aria-label={`Text of ${row.key ?? row.type}`}
          placeholder="Text"
          value={string(result.text)}
          onChange={(event) => set([...row.result, "text"], event.currentTarget.value)}
        />
        <ColorField
          label={`Color of ${row.key ?? row.type}`}
          value={string(result.color)}
          onChange={(color) => set([...row.result, "color"], color)}
        />
      </div>
    </div>
  );
}

function Condition({ row, mappings, onChange }: RowProps) {
  const set = (path: Path, next: unknown) => onChange(withValue(mappings, path, next));
  const options = record(valueAt(mappings, [row.index, "options"]));
  const own = (name: string): Path => [row.index, "options", name];
  switch (row.type) {
    case "value":
      return (
        <TextInput
          className={classes.grow ?? ""}
          aria-label="Value"
          value={row.key ?? ""}
          onChange={(event) => onChange(renamedValue(mappings, row, event.currentTarget.value))}
        />
      );
    case "range":
      return (
        <div className={`${classes.row} ${classes.grow}`}>
          {(["from", "to"] as const).map((end) => (
            <NumberField
              key={end}
              label=""
              ariaLabel={end === "from" ? "From" : "To"}
              placeholder={end === "from" ? "-∞" : "∞"}
              value={typeof options[end] === "number" ? options[end] : undefined}
              onChange={(next) => set(own(end), next ?? null)}
            />
          ))}
        </div>
      );
    case "regex":
      return (
        <TextInput
          className={classes.grow ?? ""}
          aria-label="Pattern"
          placeholder="Regular expression"
          value={string(options.pattern)}
          onChange={(event) => set(own("pattern"), event.currentTarget.value)}
        />
      );
    default:
      return (
        <Select
          className={classes.grow ?? ""}
          aria-label="Special value"
          allowDeselect={false}
          value={string(options.match, "null")}
          data={SPECIAL}
          onChange={(match) => match && set(own("match"), match)}
        />
      );
  }
}
