/** The LogQL editor and its button. */
import { Button } from "@mantine/core";
import { useMemo } from "react";
import { logFields, logLabels, logLabelValues } from "../../api/loki";
import { Icon } from "../../components/icon";
import type { CompletionSources } from "../../editor/completions";
import { QueryEditor } from "../../editor/query-editor";
import { QueryHistory } from "../../editor/query-history";
import { useRange } from "../../time/context";
import { msToNanos } from "../../time/format";
import classes from "./logs.module.css";

interface QueryRowProps {
  query: string;
  errorPosition: { line: number; column: number } | null;
  onChange: (query: string) => void;
  onRun: () => void;
  /** The query that is run; undefined when it is the default. */
  ran: string | undefined;
  onRecall: (query: string) => void;
}

export function QueryRow({ query, errorPosition, onChange, onRun, ran, onRecall }: QueryRowProps) {
  return (
    <div className={classes.query}>
      <QueryEditor
        language="logql"
        label="LogQL query"
        group="Logs"
        placeholder='LogQL, for example {service_name="alex-agent"} |= "failed" | json'
        value={query}
        errorPosition={errorPosition}
        sources={useSources()}
        onChange={onChange}
        onRun={onRun}
      />
      <QueryHistory language="logql" draft={query} ran={ran ? [ran] : []} onRecall={onRecall} />
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
