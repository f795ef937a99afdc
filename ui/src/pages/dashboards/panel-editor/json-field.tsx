/** A part of the JSON as text. It is applied when it is valid and the focus leaves it, or with Ctrl Enter. */
import { useEffect, useState } from "react";
import { QueryEditor } from "../../../editor/query-editor";
import { positionOf } from "../use-save";
import classes from "./panel-editor.module.css";

interface Props {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  rows?: number;
}

export function JsonField({ label, value, onChange, rows = 3 }: Props) {
  const written = JSON.stringify(value, null, 2) ?? "";
  const [text, setText] = useState(written);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    setText(written);
    setError(null);
  }, [written]);
  const apply = () => {
    if (text === written) return;
    try {
      const read: unknown = JSON.parse(text);
      setError(null);
      onChange(read);
    } catch (reason) {
      setError(reason instanceof Error ? reason : new Error(String(reason)));
    }
  };
  return (
    <div
      role="group"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) apply();
      }}
    >
      <QueryEditor
        language="json"
        label={label}
        value={text}
        rows={rows}
        errorPosition={positionOf(error, text)}
        onChange={setText}
        onRun={apply}
      />
      {error && (
        <p className={classes.bad} role="alert">
          {error.message}
        </p>
      )}
    </div>
  );
}
