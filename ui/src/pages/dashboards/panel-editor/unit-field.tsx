/** The choice of a unit, which is found by its id or by what it does to a value. Any text is a unit too. */
import { Select } from "@mantine/core";
import { useState } from "react";
import { UNITS } from "../../../format/unit-table";
import { formatValue } from "../../../format/units";
import { selectAll } from "./fields";

const SAMPLE = 1_234.5;
const DATA = [...UNITS.keys()].map((id) => ({ value: id, label: `${id}  ·  ${formatValue(SAMPLE, id)}` }));
/** The units that most panels have. */
const FREQUENT = ["short", "none", "percent", "percentunit", "s", "ms", "bytes", "decbytes", "reqps", "ops"];
const ORDERED = [
  ...DATA.filter(({ value }) => FREQUENT.includes(value)),
  ...DATA.filter(({ value }) => !FREQUENT.includes(value)),
];

interface Props {
  label: string;
  value: string;
  onChange: (value: string | undefined) => void;
}

export function UnitField({ label, value, onChange }: Props) {
  const [typed, setTyped] = useState("");
  const own = [value, typed].filter((id) => id !== "" && !UNITS.has(id));
  const data = [...new Set(own)].map((id) => ({ value: id, label: `${id}  ·  ${formatValue(SAMPLE, id)}` }));
  return (
    <Select
      label={label}
      placeholder="none"
      searchable
      onFocus={selectAll}
      clearable
      limit={60}
      value={value || null}
      data={typed !== "" && own.includes(typed) ? [...ORDERED, ...data] : [...data, ...ORDERED]}
      onSearchChange={(text) => setTyped(text.includes("·") ? "" : text.trim())}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}
