/** Filters that a person adds to all queries of a dashboard: a label, an operator and a value. */
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { logLabels, logLabelValues } from "../../api/loki";
import { labelNames, labelValues } from "../../api/prometheus";
import { Icon } from "../../components/icon";
import { resolveSource } from "../../dashboards/data-sources";
import type { AdHocFilter, VariableModel } from "../../dashboards/model";
import { sourceContext } from "../../dashboards/scope";
import { filterTexts } from "../../dashboards/variable-states";
import { msToNanos } from "../../time/format";
import { useBoard } from "./board";
import { OptionPicker } from "./option-picker";
import classes from "./variables.module.css";

const OPERATORS = ["=", "!=", "=~", "!~"].map((operator) => ({ text: operator, value: operator }));

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
  const keys = useLabels(variable, null);
  const values = useLabels(variable, filter.key || null);
  const picker = { multi: false, includeAll: false, custom: true };
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
        onChoose={([operator = "="]) => onChange({ ...filter, operator })}
      />
      <OptionPicker
        {...picker}
        label={`Value of ${label}`}
        placeholder="value"
        options={values}
        values={filter.value === "" ? [] : [filter.value]}
        onChoose={([value = ""]) => onChange({ ...filter, value })}
      />
      <ActionIcon size={20} aria-label={`Remove ${label}`} onClick={onRemove}>
        <Icon name="close" size={10} />
      </ActionIcon>
    </span>
  );
}

/** The names of labels, or the values of one. */
function useLabels(variable: VariableModel, name: string | null) {
  const { context } = useBoard();
  const source = resolveSource({ dataSource: variable.dataSource, spec: {} }, null, sourceContext(context));
  const { range } = context;
  const answer = useQuery({
    queryKey: ["filter-labels", source.kind, name],
    queryFn: ({ signal }) => {
      if (source.kind !== "loki")
        return name === null ? labelNames({ range }, signal) : labelValues(name, { range }, signal);
      const [start, end] = [msToNanos(range.fromMs), msToNanos(range.toMs)];
      return name === null ? logLabels(start, end, signal) : logLabelValues(name, start, end, signal);
    },
  });
  return (answer.data ?? []).map((text) => ({ text, value: text }));
}
