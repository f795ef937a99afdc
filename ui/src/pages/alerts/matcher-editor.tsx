/** The editor of matchers, with the labels and values of known alerts as completions. */
import { ActionIcon, Autocomplete, Button, Select } from "@mantine/core";
import { useMemo } from "react";
import type { Alert } from "../../alerts/alert";
import { parseMatchers } from "../../alerts/matchers";
import type { Matcher } from "../../api/alertmanager";
import { Icon } from "../../components/icon";
import classes from "./forms.module.css";
import { emptyMatcher } from "./silence-draft";

const OPERATORS = ["=", "!=", "=~", "!~"];
const OPTIONS_MAX = 50;

interface Props {
  matchers: Matcher[];
  alerts: Alert[];
  /** The names of alerts that may not be active now. */
  names: string[];
  onChange: (matchers: Matcher[]) => void;
}

export function MatcherEditor({ matchers, alerts, names, onChange }: Props) {
  const values = useMemo(() => valuesByLabel(alerts, names), [alerts, names]);
  const labels = useMemo(() => [...values.keys()], [values]);
  const change = (index: number, part: Partial<Matcher>) =>
    onChange(matchers.map((matcher, at) => (at === index ? { ...matcher, ...part } : matcher)));
  /** Pasted matchers take the place of the row. */
  const changeName = (index: number, name: string) => {
    const pasted = /[=!]/.test(name) ? parseMatchers(name) : null;
    if (!pasted || pasted.length === 0) return change(index, { name });
    onChange([...matchers.slice(0, index), ...pasted, ...matchers.slice(index + 1)]);
  };
  return (
    <fieldset className={classes.matchers}>
      <legend>Matchers, which must all match</legend>
      {matchers.map((matcher, index) => (
        <div key={index} className={classes.matcher}>
          <Autocomplete
            size="xs"
            aria-label={`Label ${index + 1}`}
            placeholder="Label"
            value={matcher.name}
            data={labels}
            limit={OPTIONS_MAX}
            onChange={(name) => changeName(index, name)}
            comboboxProps={{ withinPortal: false }}
            spellCheck={false}
          />
          <Select
            aria-label={`Operator ${index + 1}`}
            value={`${matcher.isEqual ? "=" : "!"}${matcher.isRegex ? "~" : matcher.isEqual ? "" : "="}`}
            data={OPERATORS}
            allowDeselect={false}
            onChange={(sign) =>
              change(index, { isEqual: sign?.startsWith("=") ?? true, isRegex: sign?.endsWith("~") ?? false })
            }
          />
          <Autocomplete
            size="xs"
            aria-label={`Value ${index + 1}`}
            placeholder={matcher.isRegex ? "Regular expression" : "Value"}
            value={matcher.value}
            data={values.get(matcher.name) ?? []}
            limit={OPTIONS_MAX}
            onChange={(value) => change(index, { value })}
            comboboxProps={{ withinPortal: false }}
            spellCheck={false}
          />
          <ActionIcon
            size={24}
            aria-label={`Remove matcher ${index + 1}`}
            onClick={() => onChange(matchers.filter((_, at) => at !== index))}
          >
            <Icon name="close" size={13} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button
          leftSection={<Icon name="plus" size={12} />}
          onClick={() => onChange([...matchers, emptyMatcher()])}
        >
          Matcher
        </Button>
      </div>
    </fieldset>
  );
}

function valuesByLabel(alerts: Alert[], names: string[]): Map<string, string[]> {
  const found = new Map<string, Set<string>>([["alertname", new Set(names)]]);
  for (const { labels } of alerts)
    for (const [name, value] of Object.entries(labels))
      found.set(name, (found.get(name) ?? new Set()).add(value));
  return new Map([...found].map(([name, set]) => [name, [...set].filter(Boolean).sort()]));
}
