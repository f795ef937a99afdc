/** The editors of the queries A, B, … */
import { ActionIcon, Tooltip } from "@mantine/core";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import type { CompletionSources } from "../../editor/completions";
import { QueryEditor } from "../../editor/query-editor";
import classes from "./metrics.module.css";
import { letterOf } from "./model";
import type { QueryState } from "./use-answers";

interface Props {
  drafts: string[];
  off: Set<string>;
  queries: QueryState[];
  sources: CompletionSources;
  onChange: (drafts: string[]) => void;
  onRun: () => void;
  onRemove: (index: number) => void;
  onToggle: (index: number) => void;
}

export function QueryRows(props: Props) {
  const { drafts, off, queries, sources, onChange, onRun, onRemove, onToggle } = props;
  return (
    <div className={classes.queries}>
      {drafts.map((draft, index) => {
        const letter = letterOf(index);
        const answered = queries.find((one) => one.letter === letter && one.expression === draft);
        return (
          <div key={letter} className={classes.query}>
            <Tooltip label={off.has(letter) ? "Enable this query" : "Disable this query"}>
              <button
                type="button"
                className={classes.letter}
                aria-pressed={!off.has(letter)}
                aria-label={`Query ${letter}`}
                onClick={() => onToggle(index)}
              >
                {letter}
              </button>
            </Tooltip>
            <QueryEditor
              language="promql"
              label={`PromQL query ${letter}`}
              {...(index === 0 ? { group: "Metrics" } : {})}
              placeholder="PromQL, for example sum by (model) (rate(alex_llm_requests_total[5m]))"
              value={draft}
              errorPosition={answered?.errorPosition ?? null}
              sources={sources}
              autoFocus={index === drafts.length - 1 && draft === ""}
              onChange={(text) => onChange(drafts.map((before, at) => (at === index ? text : before)))}
              onRun={onRun}
            />
            <div className={classes.side}>
              <CopyButton text={() => draft} label="Copy the query" />
              {drafts.length > 1 && (
                <Tooltip label="Remove">
                  <ActionIcon size={24} aria-label={`Remove query ${letter}`} onClick={() => onRemove(index)}>
                    <Icon name="close" size={13} />
                  </ActionIcon>
                </Tooltip>
              )}
            </div>
          </div>
        );
      })}
    </div>
  );
}
