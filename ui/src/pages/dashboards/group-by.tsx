/** Chooses the labels by which all aggregations of a dashboard are grouped. */
import type { VariableModel } from "../../dashboards/model";
import { OptionPicker } from "./option-picker";
import { useLabels } from "./use-labels";

interface Props {
  variable: VariableModel;
  label: string;
  values: string[];
  onChange: (values: string[]) => void;
}

export function GroupBy({ variable, label, values, onChange }: Props) {
  return (
    <OptionPicker
      label={label}
      options={useLabels(variable, null)}
      values={values}
      multi
      optional
      includeAll={false}
      custom={variable.allowCustom}
      onChoose={onChange}
    />
  );
}
