/** Chooses one or several of many options: a button with what is chosen, and a list that is searched by typing. */
import { Popover } from "@mantine/core";
import { useId, useMemo, useState } from "react";
import { Icon } from "../../components/icon";
import { ALL, type VariableOption } from "../../dashboards/model";
import classes from "./variables.module.css";

export interface OptionPickerProps {
  label: string;
  options: VariableOption[];
  /** The chosen values; `$__all` for all of them. */
  values: string[];
  multi: boolean;
  includeAll: boolean;
  /** Whether a typed text can be chosen. */
  custom: boolean;
  /** Whether nothing can be chosen. */
  optional?: boolean;
  placeholder?: string;
  onChoose: (values: string[]) => void;
  onOpen?: () => void;
}

/** More options are found by typing. */
const SHOWN_MAX = 200;

export function OptionPicker(props: OptionPickerProps) {
  const { label, values, multi, optional = false, onChoose, placeholder = "None" } = props;
  const [draft, setDraft] = useState<string[] | null>(null);
  const texts = values.map((value) => textOf(value, props.options));
  const close = (chosen: string[] | null) => {
    setDraft(null);
    // The choice of several is made when the list closes: each change asks all panels.
    if (!chosen || chosen.join("\n") === values.join("\n")) return;
    if (optional || chosen.length > 0) onChoose(chosen);
  };
  return (
    <Popover
      opened={draft !== null}
      onChange={(open) => !open && close(multi ? draft : null)}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <button
          type="button"
          className={classes.value}
          aria-label={`${label}: ${texts.join(", ") || placeholder}`}
          aria-haspopup="dialog"
          aria-expanded={draft !== null}
          title={texts.join(", ")}
          onClick={() => {
            props.onOpen?.();
            if (draft) close(multi ? draft : null);
            else setDraft(values);
          }}
        >
          <span>{shortened(texts) || placeholder}</span>
          <Icon name="down" size={10} />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={label}>
        {draft && <OptionList {...props} draft={draft} setDraft={setDraft} close={close} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function textOf(value: string, options: VariableOption[]): string {
  if (value === ALL) return "All";
  return options.find((option) => option.value === value)?.text ?? value;
}

function shortened(texts: string[]): string {
  return texts.length > 3 ? `${texts.slice(0, 2).join(", ")} +${texts.length - 2}` : texts.join(", ");
}

interface ListProps extends OptionPickerProps {
  draft: string[];
  setDraft: (values: string[]) => void;
  close: (values: string[] | null) => void;
}

function OptionList(props: ListProps) {
  const { label, options, multi, includeAll, custom, draft, setDraft, close } = props;
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const found = useMemo(
    () => matching(options, text, includeAll, custom),
    [options, text, includeAll, custom],
  );
  const shown = found.slice(0, SHOWN_MAX);
  const choose = (option: VariableOption | undefined) => {
    if (!option) return;
    if (multi) setDraft(toggled(draft, option.value));
    else close([option.value]);
  };
  const move = (to: number) => {
    const next = Math.min(shown.length - 1, Math.max(0, to));
    setActive(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div className={classes.list}>
      <input
        role="combobox"
        aria-label={`Find in ${label}`}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={shown.length > 0 ? `${id}-${active}` : undefined}
        placeholder={custom ? "Find, or type a value" : "Find"}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") move(active + 1);
          else if (event.key === "ArrowUp") move(active - 1);
          else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) close(draft);
          else if (event.key === "Enter") choose(shown[active]);
          else return;
          event.preventDefault();
        }}
      />
      <div id={id} role="listbox" aria-label={label} aria-multiselectable={multi} className={classes.options}>
        {shown.map(({ text, value }, index) => (
          <div
            key={value}
            id={`${id}-${index}`}
            role="option"
            aria-selected={draft.includes(value)}
            tabIndex={-1}
            data-active={index === active}
            className={classes.option}
            onMouseMove={() => setActive(index)}
            onClick={() => choose(shown[index])}
            onKeyDown={undefined}
          >
            <span className={classes.check}>{draft.includes(value) && <Icon name="check" size={12} />}</span>
            <span>{text}</span>
          </div>
        ))}
      </div>
      {shown.length === 0 && <p className={classes.note}>No option matches.</p>}
      {found.length > shown.length && (
        <p className={classes.note}>{found.length - shown.length} more: type to find them.</p>
      )}
      {multi && <p className={classes.note}>Enter chooses, Esc applies.</p>}
    </div>
  );
}

function matching(
  options: VariableOption[],
  text: string,
  includeAll: boolean,
  custom: boolean,
): VariableOption[] {
  const wanted = text.trim().toLowerCase();
  const all = includeAll ? [{ text: "All", value: ALL }] : [];
  const found = [...all, ...options.filter(({ value }) => value !== ALL)].filter((option) =>
    option.text.toLowerCase().includes(wanted),
  );
  const known = options.some((option) => option.text === text.trim() || option.value === text.trim());
  return custom && wanted !== "" && !known ? [...found, { text: text.trim(), value: text.trim() }] : found;
}

/** All excludes the others. */
function toggled(values: string[], value: string): string[] {
  if (value === ALL) return [ALL];
  const others = values.filter((one) => one !== ALL);
  return others.includes(value) ? others.filter((one) => one !== value) : [...others, value];
}
