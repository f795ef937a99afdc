/** The LogQL editor and its button. */
import { Button } from "@mantine/core";
import { Icon } from "../../components/icon";
import { QueryEditor } from "../../editor/query-editor";
import { QueryHistory } from "../../editor/query-history";
import { useLogSources } from "../../editor/use-log-sources";
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
        sources={useLogSources()}
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
