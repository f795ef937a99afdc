/** A text filter of a view. The text is kept in the URL, which follows shortly after the last key. */
import { TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "../shell/keyboard";
import { Icon } from "./icon";

const PAUSE_MS = 160;

interface Props {
  /** The text in the URL. */
  value: string | undefined;
  onChange: (text: string | undefined) => void;
  label: string;
  placeholder: string;
  /** The group of the shortcut `/` in the keyboard help. */
  group: string;
  width?: number;
  /** The arrow key down leaves the input for the list below it. */
  onDown?: () => void;
}

export function FindInput({ value = "", onChange, label, placeholder, group, width = 260, onDown }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(value);
  const written = useRef(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    // Another text came with the URL, not from this input.
    if (value === written.current || document.activeElement === input.current) return;
    written.current = value;
    setDraft(value);
  }, [value]);
  useEffect(() => {
    if (draft === written.current) return;
    const timer = setTimeout(() => {
      written.current = draft;
      latest.current(draft === "" ? undefined : draft);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  useShortcuts([{ keys: "/", label, group, run: () => input.current?.focus() }]);
  return (
    <TextInput
      ref={input}
      w={width}
      leftSection={<Icon name="search" size={12} />}
      placeholder={placeholder}
      aria-label={label}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown" && onDown) onDown();
        else if (event.key === "Escape" && draft !== "") setDraft("");
        else if (event.key === "Escape") event.currentTarget.blur();
        else return;
        event.preventDefault();
      }}
    />
  );
}
