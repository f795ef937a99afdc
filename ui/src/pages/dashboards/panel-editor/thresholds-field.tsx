/** The steps of thresholds: from which value on, in which color. */
import { ActionIcon, Button, SegmentedControl } from "@mantine/core";
import { list, record, string } from "../../../api/decode";
import { Icon } from "../../../components/icon";
import { insertedAt, withValue } from "../../../dashboards/edit/json";
import { ColorField } from "./color-field";
import { NumberField } from "./fields";
import classes from "./panel-editor.module.css";

interface Props {
  value: unknown;
  onChange: (value: unknown) => void;
}

const NEXT_COLORS = ["green", "red", "orange", "yellow", "blue", "purple"];

export function ThresholdsField({ value, onChange }: Props) {
  const steps = list(record(value).steps);
  const write = (next: unknown[]) => onChange({ mode: "absolute", ...record(value), steps: next });
  const add = () => {
    const last = Number(record(steps.at(-1)).value ?? 0);
    const color = NEXT_COLORS[steps.length % NEXT_COLORS.length];
    write(
      steps.length === 0
        ? [{ color: "green", value: null }]
        : insertedAt(steps, steps.length, { color, value: last === 0 ? 80 : last + 10 }),
    );
  };
  const sorted = () => write([...steps].sort((left, right) => numberOf(left) - numberOf(right)));
  return (
    <div className={classes.rows}>
      {steps.map((step, index) => {
        const { value: from, color } = record(step);
        const base = from === null || from === undefined;
        const name = base ? "Base" : `Threshold ${from}`;
        return (
          <div key={index} role="group" className={classes.row} onBlur={(event) => leaves(event) && sorted()}>
            <ColorField
              label={`Color of ${name}`}
              value={string(color, "text")}
              onChange={(next) => write(list(withValue(steps, [index, "color"], next)))}
            />
            {base ? (
              <span className={classes.grow}>Base</span>
            ) : (
              <div className={classes.grow}>
                <NumberField
                  label=""
                  ariaLabel={`Value of threshold ${index}`}
                  value={Number(from)}
                  onChange={(next) =>
                    next !== undefined && write(list(withValue(steps, [index, "value"], next)))
                  }
                />
              </div>
            )}
            <ActionIcon
              size={24}
              aria-label={`Remove ${name}`}
              onClick={() => write(steps.filter((_, other) => other !== index))}
            >
              <Icon name="close" size={12} />
            </ActionIcon>
          </div>
        );
      })}
      <div className={classes.row}>
        <Button leftSection={<Icon name="plus" size={11} />} onClick={add}>
          Add a threshold
        </Button>
        <SegmentedControl
          aria-label="Thresholds are"
          className={classes.end ?? ""}
          value={record(value).mode === "percentage" ? "percentage" : "absolute"}
          onChange={(mode) => onChange({ ...record(value), mode, steps })}
          data={[
            { value: "absolute", label: "Absolute" },
            { value: "percentage", label: "%" },
          ]}
        />
      </div>
    </div>
  );
}

function numberOf(step: unknown): number {
  const { value } = record(step);
  return typeof value === "number" ? value : Number.NEGATIVE_INFINITY;
}

function leaves(event: React.FocusEvent): boolean {
  return !event.currentTarget.contains(event.relatedTarget);
}
