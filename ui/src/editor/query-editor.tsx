/** The query editor. CodeMirror is loaded after the page; until then a plain text area takes its place. */
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { isByShortcut, useShortcuts } from "../shell/keyboard";
import type { EditedLanguage, ErrorPosition, QueryView } from "./codemirror";
import type { CompletionSources } from "./completions";
import classes from "./query-editor.module.css";

interface Props {
  language: EditedLanguage;
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  label: string;
  /** The group of the shortcut `/` in the keyboard help; no shortcut when absent. */
  group?: string;
  placeholder?: string;
  errorPosition?: ErrorPosition | null;
  sources?: CompletionSources;
  rows?: number;
  autoFocus?: boolean;
}

/** Whether the user is already typing or choosing elsewhere, or has opened the view with a shortcut: the editor must not take the focus then. */
function isBusy(focused: Element | null): boolean {
  return (
    isByShortcut() || (focused?.matches("input, textarea, [role=grid], [contenteditable=true]") ?? false)
  );
}

export function QueryEditor(props: Props) {
  const { language, value, label, group, placeholder, errorPosition, rows = 1 } = props;
  const box = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<QueryView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let gone = false;
    void import("./codemirror")
      .then(async ({ openEditor, loadLanguage }) => {
        const support = await loadLanguage(language, latest.current.sources ?? {});
        if (gone || !host.current) return;
        const hadFocus = host.current.parentElement?.contains(document.activeElement) ?? false;
        view.current = openEditor(host.current, {
          text: latest.current.value,
          language: support,
          label,
          placeholder: placeholder ?? "",
          rows,
          onChange: (text) => latest.current.onChange(text),
          onRun: () => latest.current.onRun(),
        });
        // At once: a frame with both would have two fields of one name.
        flushSync(() => setReady(true));
        if (hadFocus || (latest.current.autoFocus && !isBusy(document.activeElement))) view.current.focus();
      })
      .catch(() => {
        // The plain text area stays, and works without CodeMirror.
      });
    return () => {
      gone = true;
      view.current?.close();
      view.current = null;
      setReady(false);
    };
  }, [language, label, placeholder, rows]);

  useEffect(() => {
    if (ready) view.current?.setText(value);
  }, [ready, value]);
  useEffect(() => {
    if (ready) view.current?.setErrorPosition(errorPosition ?? null);
  }, [ready, errorPosition]);

  const focus = () => box.current?.querySelector<HTMLElement>("[contenteditable], textarea")?.focus();
  useShortcuts(group ? [{ keys: "/", label: "Edit the query", group, run: focus }] : []);

  return (
    <div ref={box} className={classes.box} data-bad={errorPosition ? "true" : undefined}>
      <div ref={host} />
      {!ready && (
        <textarea
          className={classes.plain}
          aria-label={label}
          placeholder={placeholder}
          value={value}
          rows={Math.max(rows, value.split("\n").length)}
          spellCheck={false}
          onChange={(event) => props.onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
            event.preventDefault();
            props.onRun();
          }}
        />
      )}
    </div>
  );
}
