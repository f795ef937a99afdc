/** The LogQL editor and its button. */
import { Button } from "@mantine/core";
import { useMemo, useRef } from "react";
import { logFields, logLabels, logLabelValues } from "../../api/loki";
import { Icon } from "../../components/icon";
import type { CompletionSources } from "../../editor/completions";
import { QueryEditor } from "../../editor/query-editor";
import { useShortcuts } from "../../shell/keyboard";
import { useRange } from "../../time/context";
import { msToNanos } from "../../time/format";
import classes from "./logs.module.css";

interface QueryRowProps {
  query: string;
  errorPosition: { line: number; column: number } | null;
  onChange: (query: string) => void;
  onRun: () => void;
}

export function QueryRow({ query, errorPosition, onChange, onRun }: QueryRowProps) {
  const row = useRef<HTMLDivElement>(null);
  useShortcuts([
    {
      keys: "/",
      label: "Edit the query",
      group: "Logs",
      run: () => row.current?.querySelector<HTMLElement>("[contenteditable], textarea")?.focus(),
    },
  ]);
  return (
    <div ref={row} className={classes.query}>
      <QueryEditor
        language="logql"
        label="LogQL query"
        placeholder='LogQL, for example {service_name="alex-agent"} |= "failed" | json'
        value={query}
        errorPosition={errorPosition}
        sources={useSources()}
        onChange={onChange}
        onRun={onRun}
      />
      <Button variant="filled" h={31} onClick={onRun} leftSection={<Icon name="play" size={11} />}>
        Run
      </Button>
    </div>
  );
}

function useSources(): CompletionSources {
  const { range } = useRange();
  return useMemo(() => {
    const [start, end] = [msToNanos(range.fromMs), msToNanos(range.toMs)];
    return {
      labels: () => logLabels(start, end),
      labelValues: (name: string) => logLabelValues(name, start, end),
      fields: (query: string) => logFields({ query, start, end }),
    };
  }, [range]);
}
