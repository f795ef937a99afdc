/** The color mode of fields, and the fixed color of those that have one. */
import { Select } from "@mantine/core";
import { record, string } from "../../../api/decode";
import { ColorField } from "./color-field";
import { ChoiceField } from "./fields";
import classes from "./panel-editor.module.css";

const MODES = [
  { value: "palette-classic", label: "By series" },
  { value: "palette-classic-by-name", label: "By name" },
  { value: "thresholds", label: "By thresholds" },
  { value: "fixed", label: "Single color" },
  { value: "shades", label: "Shades of a color" },
  { value: "continuous-GrYlRd", label: "Green-yellow-red" },
  { value: "continuous-RdYlGr", label: "Red-yellow-green" },
  { value: "continuous-BlYlRd", label: "Blue-yellow-red" },
  { value: "continuous-BlPu", label: "Blue-purple" },
  { value: "continuous-YlRd", label: "Yellow-red" },
  { value: "continuous-blues", label: "Blues" },
  { value: "continuous-reds", label: "Reds" },
  { value: "continuous-greens", label: "Greens" },
];

interface Props {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
}

export function ColorSchemeField({ label, value, onChange }: Props) {
  const { mode, fixedColor, seriesBy } = record(value);
  const current = string(mode);
  const known = MODES.some((one) => one.value === current) || current === "";
  const own = current === "fixed" || current === "shades";
  return (
    <div className={classes.row} style={{ alignItems: "end" }}>
      <Select
        className={classes.grow ?? ""}
        label={label}
        placeholder="By series"
        clearable
        value={current || null}
        data={known ? MODES : [...MODES, { value: current, label: current }]}
        onChange={(next) =>
          onChange(
            next === null
              ? undefined
              : {
                  ...record(value),
                  mode: next,
                  ...(next === "fixed" && !fixedColor ? { fixedColor: "blue" } : {}),
                },
          )
        }
      />
      {own && (
        <ColorField
          label="Fixed color"
          value={string(fixedColor, "blue")}
          onChange={(next) => onChange({ ...record(value), fixedColor: next })}
        />
      )}
      {(current === "thresholds" || current.startsWith("continuous-")) && (
        <ChoiceField
          label="Series by"
          value={seriesBy}
          choices={["last", "min", "max"].map((one) => ({ value: one, label: one }))}
          onChange={(next) => onChange({ ...record(value), seriesBy: next })}
        />
      )}
    </div>
  );
}
