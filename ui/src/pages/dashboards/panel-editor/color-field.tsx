/** The choice of a color: those that Grafana names, or any other. */
import { Popover } from "@mantine/core";
import { namedColor } from "../../../panels/colors";
import classes from "./panel-editor.module.css";

const HUES = ["red", "orange", "yellow", "green", "blue", "purple"];
const SHADES = ["super-light", "light", "", "semi-dark", "dark"];
const NAMES = [
  ...SHADES.flatMap((shade) => HUES.map((hue) => (shade === "" ? hue : `${shade}-${hue}`))),
  "text",
  "transparent",
];

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function ColorField({ label, value, onChange }: Props) {
  return (
    <Popover position="bottom-end" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <button
          type="button"
          className={classes.swatch}
          style={{ backgroundColor: namedColor(value) }}
          aria-label={`${label}: ${value || "none"}`}
          title={value}
        />
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>
        <div className={classes.palette}>
          {NAMES.map((name) => (
            <button
              key={name}
              type="button"
              className={classes.swatch}
              style={{ backgroundColor: namedColor(name) }}
              aria-label={name}
              aria-pressed={name === value}
              title={name}
              onClick={() => onChange(name)}
            />
          ))}
        </div>
        <label className={classes.ownColor}>
          Own
          <input
            type="color"
            defaultValue={/^#[0-9a-f]{6}$/i.test(value) ? value : undefined}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
          <code>{value}</code>
        </label>
      </Popover.Dropdown>
    </Popover>
  );
}
