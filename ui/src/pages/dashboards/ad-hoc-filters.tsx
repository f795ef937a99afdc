/** Filters that a person adds to all queries of a dashboard: a label, an operator and a value. */
import { ActionIcon } from "@mantine/core";
import { useState } from "react";
import { Icon } from "../../components/icon";
import type { AdHocFilter, VariableModel } from "../../dashboards/model";
import { filterTexts, isListOperator } from "../../dashboards/scope";
import { OptionPicker } from "./option-picker";
import { useLabels } from "./use-labels";
import classes from "./variables.module.css";

const OPERATORS = ["=", "!=", "=~", "!~", "=|", "!=|"].map((value) => ({
  text: { "=|": "one of", "!=|": "none of" }[value] ?? value,
  value,
}));

interface Props {
  variable: VariableModel;
  label: string;
  onChange: (values: string[]) => void;
}

export function AdHocFilters({ variable, label, onChange }: Props) {
  const { filters } = variable;
  const [added, setAdded] = useState<AdHocFilter | null>(null);
  const apply = (next: AdHocFilter[]) => onChange(filterTexts(next));
  return (
    <>
      {filters.map((filter, index) => (
        <Filter
          key={index}
          variable={variable}
          label={`${label} ${index + 1}`}
          filter={filter}
          onChange={(changed) => apply(filters.map((one, at) => (at === index ? changed : one)))}
          onRemove={() => apply(filters.filter((_, at) => at !== index))}
        />
      ))}
      {added ? (
        <Filter
          variable={variable}
          label={`${label} ${filters.length + 1}`}
          filter={added}
          onChange={(changed) => {
            // A filter without a value would leave nothing.
            if (changed.key === "" || changed.value === "") return setAdded(changed);
            setAdded(null);
            apply([...filters, changed]);
          }}
          onRemove={() => setAdded(null)}
        />
      ) : (
        <ActionIcon
          size={24}
          aria-label={`Add a filter to ${label}`}
          onClick={() => setAdded({ key: "", operator: "=", value: "" })}
        >
          <Icon name="plus" size={12} />
        </ActionIcon>
      )}
    </>
  );
}

interface FilterProps {
  variable: VariableModel;
  label: string;
  filter: AdHocFilter;
  onChange: (filter: AdHocFilter) => void;
  onRemove: () => void;
}

function Filter({ variable, label, filter, onChange, onRemove }: FilterProps) {
  const others = variable.filters.filter((one) => one !== filter);
  const keys = useLabels(variable, null, others);
  const values = useLabels(variable, filter.key || null, others);
  const several = isListOperator(filter.operator);
  const chosen = filter.value === "" ? [] : several ? filter.value.split("|") : [filter.value];
  const picker = { multi: false, includeAll: false, custom: variable.allowCustom };
  return (
    <span className={classes.filter}>
      <OptionPicker
        {...picker}
        label={`Label of ${label}`}
        placeholder="label"
        options={keys}
        values={filter.key === "" ? [] : [filter.key]}
        onChoose={([key = ""]) => onChange({ ...filter, key, value: key === filter.key ? filter.value : "" })}
      />
      <OptionPicker
        {...picker}
        custom={false}
        label={`Operator of ${label}`}
        options={OPERATORS}
        values={[filter.operator]}
        onChoose={([operator = "="]) => {
          const value = isListOperator(operator) ? filter.value : (chosen[0] ?? "");
          onChange({ ...filter, operator, value });
        }}
      />
      <OptionPicker
        {...picker}
        multi={several}
        label={`Value of ${label}`}
        placeholder="value"
        options={values}
        values={chosen}
        onChoose={(next) => onChange({ ...filter, value: next.join("|") })}
      />
      <ActionIcon size={20} aria-label={`Remove ${label}`} onClick={onRemove}>
        <Icon name="close" size={10} />
      </ActionIcon>
    </span>
  );
}
