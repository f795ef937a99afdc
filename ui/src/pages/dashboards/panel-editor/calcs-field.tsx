/** The choice of calculations: of one for a value, or of several for a legend. */
import { ActionIcon, Select } from "@mantine/core";
import { strings } from "../../../api/decode";
import { Icon } from "../../../components/icon";
import { calculationTitle } from "../../../data/reducers";
import { Labelled } from "./fields";
import classes from "./panel-editor.module.css";

const CALCS = [
  ...["lastNotNull", "last", "firstNotNull", "first", "mean", "min", "max", "sum", "count", "range", "delta"],
  ...["diff", "diffperc", "step", "median", "stdDev", "variance", "distinctCount", "changeCount"],
  ...["p50", "p90", "p95", "p99", "allIsZero", "allIsNull", "logmin"],
];
const STARRED = new Set(["lastNotNull", "firstNotNull"]);
const titleOf = (id: string) => `${calculationTitle(id)}${STARRED.has(id) ? " *" : ""}`;

interface Props {
  label: string;
  value: unknown;
  single: boolean;
  onChange: (value: string[]) => void;
}

export function CalcsField({ label, value, single, onChange }: Props) {
  const chosen = strings(value);
  const all = [...new Set([...CALCS, ...chosen])].map((id) => ({ value: id, label: titleOf(id) }));
  if (single)
    return (
      <Select
        label={label}
        searchable
        allowDeselect={false}
        value={chosen[0] ?? "lastNotNull"}
        data={all}
        onChange={(next) => next && onChange([next])}
      />
    );
  return (
    <Labelled label={label}>
      {(id) => (
        <div className={classes.chips} role="group" aria-labelledby={id}>
          {chosen.map((calc) => (
            <span key={calc} className={classes.chip}>
              {titleOf(calc)}
              <ActionIcon
                size={16}
                aria-label={`Remove ${titleOf(calc)}`}
                onClick={() => onChange(chosen.filter((other) => other !== calc))}
              >
                <Icon name="close" size={9} />
              </ActionIcon>
            </span>
          ))}
          <Select
            aria-label={`${label}: add`}
            placeholder="Add"
            searchable
            value={null}
            data={all.filter((one) => !chosen.includes(one.value))}
            onChange={(next) => next && onChange([...chosen, next])}
          />
        </div>
      )}
    </Labelled>
  );
}
