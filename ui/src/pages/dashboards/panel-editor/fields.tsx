/** The controls of options: each with its label, and each writes a value or removes it. */
import { SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useId, useState } from "react";
import type { Choice } from "../../../dashboards/edit/options";
import classes from "./panel-editor.module.css";

interface FieldProps<Value> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  placeholder?: string | undefined;
}

/** Empty is no value. */
export function TextField({ label, value, onChange, placeholder }: FieldProps<string>) {
  return (
    <TextInput
      label={label}
      value={value}
      placeholder={placeholder ?? ""}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function LongTextField({ label, value, onChange, placeholder }: FieldProps<string>) {
  return (
    <Textarea
      size="xs"
      label={label}
      value={value}
      placeholder={placeholder ?? ""}
      rows={Math.min(12, Math.max(2, value.split("\n").length))}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface NumberProps extends FieldProps<number | undefined> {
  /** The name of a control that has no visible label. */
  ariaLabel?: string;
  min?: number | undefined;
  max?: number | undefined;
}

/** What is typed may not be a number yet; then the value stays as it is. */
export function NumberField({ label, value, onChange, placeholder, min, max, ariaLabel }: NumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? (value === undefined ? "" : String(value));
  const bad = (text: string) => {
    const number = Number(text);
    return text.trim() !== "" && !(number >= (min ?? -Infinity) && number <= (max ?? Infinity));
  };
  const type = (text: string) => {
    setTyped(text);
    if (!bad(text)) onChange(text.trim() === "" ? undefined : Number(text));
  };
  return (
    <TextInput
      label={label || undefined}
      aria-label={ariaLabel}
      inputMode="decimal"
      value={shown}
      placeholder={placeholder ?? ""}
      error={bad(shown)}
      title={bad(shown) ? limits(min, max) : undefined}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setTyped(null)}
    />
  );
}

function limits(min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return "A number";
  if (max === undefined) return `A number of at least ${min}`;
  return `A number from ${min ?? "any"} to ${max}`;
}

export function SwitchField({ label, value, onChange }: FieldProps<boolean>) {
  return (
    <Switch
      label={label}
      labelPosition="left"
      className={classes.switch ?? ""}
      checked={value}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

interface ChoiceProps extends FieldProps<unknown> {
  choices: readonly Choice[];
}

/** More choices, or longer names, do not fit beside each other. */
const BESIDE_MAX = 4;
const LETTERS_MAX = 20;

/** Values of any kind, which are compared by their JSON. One that is unknown here is a choice too. */
export function ChoiceField({ label, value, onChange, choices }: ChoiceProps) {
  const key = (one: unknown) => JSON.stringify(one) ?? "";
  const known = choices.some((one) => key(one.value) === key(value));
  const all = known || value === undefined ? choices : [...choices, { value, label: textOf(value) }];
  // Without a value the first choice is what the panel does.
  const current = value === undefined && !known ? key(choices[0]?.value) : key(value);
  const data = all.map((one) => ({ value: key(one.value), label: one.label }));
  const choose = (chosen: string | null) => {
    const found = all.find((one) => key(one.value) === chosen);
    if (found) onChange(found.value);
  };
  const short = all.map((one) => one.label).join("").length <= LETTERS_MAX;
  if (all.length > BESIDE_MAX || !short)
    return <Select label={label} value={current} data={data} allowDeselect={false} onChange={choose} />;
  return (
    <Labelled label={label}>
      {(id) => (
        <SegmentedControl aria-labelledby={id} fullWidth value={current} data={data} onChange={choose} />
      )}
    </Labelled>
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** A control that has no label of its own. */
export function Labelled({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={classes.labelled}>
      <span id={id}>{label}</span>
      {children(id)}
    </div>
  );
}

/** What is typed into a searchable list replaces the chosen text. */
export function selectAll(event: React.FocusEvent<HTMLInputElement>): void {
  event.currentTarget.select();
}
