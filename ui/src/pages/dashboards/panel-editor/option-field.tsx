/** The control of one option, by its kind. */
import { string } from "../../../api/decode";
import type { OptionSpec } from "../../../dashboards/edit/options";
import { CalcsField } from "./calcs-field";
import { ColorSchemeField } from "./color-scheme-field";
import { ChoiceField, LongTextField, NumberField, SwitchField, TextField } from "./fields";
import { LinksField } from "./links-field";
import { MappingsField } from "./mappings-field";
import { ThresholdsField } from "./thresholds-field";
import { UnitField } from "./unit-field";

interface Props {
  spec: OptionSpec;
  value: unknown;
  /** Undefined removes the option. */
  onChange: (value: unknown) => void;
}

export function OptionField({ spec, value, onChange }: Props) {
  const { label } = spec;
  const text = (next: string) => onChange(next === "" ? undefined : next);
  switch (spec.kind) {
    case "text":
      return <TextField label={label} value={string(value)} onChange={text} />;
    case "markdown":
      return <LongTextField label={label} value={string(value)} onChange={text} />;
    case "number":
      return (
        <NumberField
          label={label}
          value={typeof value === "number" ? value : undefined}
          min={spec.min}
          max={spec.max}
          placeholder={spec.placeholder}
          onChange={onChange}
        />
      );
    case "switch":
      return (
        <SwitchField
          label={label}
          value={typeof value === "boolean" ? value : spec.fallback}
          onChange={onChange}
        />
      );
    case "choice":
      return <ChoiceField label={label} value={value} choices={spec.choices} onChange={onChange} />;
    case "calcs":
      return <CalcsField label={label} value={value} single={spec.single} onChange={onChange} />;
    case "unit":
      return <UnitField label={label} value={string(value)} onChange={onChange} />;
    case "color":
      return <ColorSchemeField label={label} value={value} onChange={onChange} />;
    case "thresholds":
      return <ThresholdsField value={value} onChange={onChange} />;
    case "mappings":
      return <MappingsField value={value} onChange={onChange} />;
    case "links":
      return <LinksField value={value} onChange={onChange} />;
  }
}
