/** The variables of a dashboard: what is chosen, and its choice. The URL has it. */
import { TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Icon } from "../../components/icon";
import type { VariableModel } from "../../dashboards/model";
import type { VariableState, VariableStates } from "../../dashboards/scope";
import { AdHocFilters } from "./ad-hoc-filters";
import { GroupBy } from "./group-by";
import { OptionPicker } from "./option-picker";
import classes from "./variables.module.css";

interface Props {
  states: VariableStates;
  onChange: (variable: VariableModel, values: string[]) => void;
}

export function VariablesBar({ states, onChange }: Props) {
  const shown = Object.values(states).filter(isShown);
  if (shown.length === 0) return null;
  return (
    <div className={classes.bar} role="group" aria-label="Variables">
      {shown.map((state) => (
        <Variable
          key={state.variable.name}
          state={state}
          onChange={(values) => onChange(state.variable, values)}
        />
      ))}
    </div>
  );
}

/** There is one store for each type of data source: a choice of one is no choice. */
function isShown({ variable, options }: VariableState): boolean {
  if (variable.hide === "variable" || variable.type === "constant" || variable.type === "system")
    return false;
  return variable.type !== "datasource" || options.length > 1;
}

function Variable({ state, onChange }: { state: VariableState; onChange: (values: string[]) => void }) {
  const { variable, error } = state;
  const label = variable.label || variable.name;
  return (
    <div className={classes.variable}>
      {variable.hide !== "label" && (
        <span className={classes.label} title={variable.description || undefined}>
          {label}
        </span>
      )}
      <Control state={state} label={label} onChange={onChange} />
      {error !== null && (
        <span className={classes.error} role="img" aria-label={`${label}: ${error}`} title={error}>
          <Icon name="warning" size={13} />
        </span>
      )}
    </div>
  );
}

interface ControlProps {
  state: VariableState;
  label: string;
  onChange: (values: string[]) => void;
}

function Control({ state, label, onChange }: ControlProps) {
  const { variable, options, chosen } = state;
  switch (variable.type) {
    case "textbox":
      return <TextVariable label={label} value={chosen.values[0] ?? ""} onChange={onChange} />;
    case "adhoc":
      return <AdHocFilters variable={variable} label={label} onChange={onChange} />;
    case "groupby":
      return <GroupBy variable={variable} label={label} values={chosen.values} onChange={onChange} />;
    default:
      return (
        <OptionPicker
          label={label}
          options={options}
          values={chosen.values}
          multi={variable.multi}
          includeAll={variable.includeAll}
          custom={variable.allowCustom && (variable.type === "query" || variable.type === "custom")}
          onChoose={onChange}
        />
      );
  }
}

/** Applied with Enter, and when the focus leaves it. */
function TextVariable({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: ControlProps["onChange"];
}) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const apply = () => draft !== value && onChange([draft]);
  return (
    <TextInput
      aria-label={label}
      w={150}
      classNames={{ input: classes.text }}
      value={draft}
      spellCheck={false}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === "Enter") apply();
        else if (event.key === "Escape") setDraft(value);
      }}
    />
  );
}
