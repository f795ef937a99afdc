/** One query: its head with its name and its source, its text in the editor of its language, and its options. */
import { ActionIcon, Select, TextInput, Tooltip } from "@mantine/core";
import { useMemo } from "react";
import { Icon, type IconName } from "../../../components/icon";
import { resolveSource } from "../../../dashboards/data-sources";
import {
  type EditedQuery,
  queriesOf,
  withHidden,
  withQueryField,
  withRefId,
} from "../../../dashboards/edit/panel";
import {
  changedQuery,
  duplicatedQuery,
  movedQuery,
  removedQuery,
  withQuerySource,
} from "../../../dashboards/edit/queries";
import { readDataSource } from "../../../dashboards/parts";
import { sourceContext } from "../../../dashboards/scope";
import { useBoard } from "../board";
import { keyOf, refOf, sourceChoices } from "./data-source-choices";
import { selectAll } from "./fields";
import classes from "./panel-editor.module.css";
import { QueryFields } from "./query-fields";
import type { PanelEdit } from "./use-panel-edit";

interface Props {
  edit: PanelEdit;
  query: EditedQuery;
  index: number;
  count: number;
}

export function QueryCard({ edit, query, index, count }: Props) {
  const { context } = useBoard();
  const { panel, change } = edit;
  const outer = panel.form === "classic" ? readDataSource(panel.json.datasource) : null;
  const source = resolveSource(query, outer, sourceContext(context));
  const set = (name: string, value: unknown) =>
    change(
      (one) => changedQuery(one, index, (item) => withQueryField(one.form, item, name, value)),
      `query ${index} ${name}`,
    );
  return (
    <section className={classes.card} aria-label={`Query ${query.refId}`} data-off={query.hidden}>
      <div className={classes.cardHead}>
        <RefId edit={edit} query={query} index={index} />
        <SourcePicker edit={edit} query={query} index={index} outer={outer} />
        {query.hidden && <small>Hidden: it is not asked</small>}
        <div className={classes.end}>
          <Act
            refId={query.refId}
            icon="up"
            label="Move up"
            off={index === 0}
            run={() => change((one) => movedQuery(one, index, index - 1))}
          />
          <Act
            refId={query.refId}
            icon="down"
            label="Move down"
            off={index === count - 1}
            run={() => change((one) => movedQuery(one, index, index + 1))}
          />
          <Act
            refId={query.refId}
            icon="copy"
            label="Duplicate"
            run={() => change((one) => duplicatedQuery(one, index))}
          />
          <Act
            refId={query.refId}
            icon={query.hidden ? "eyeOff" : "eye"}
            label={query.hidden ? "Show" : "Hide"}
            run={() =>
              change((one) => changedQuery(one, index, (item) => withHidden(one.form, item, !query.hidden)))
            }
          />
          <Act
            refId={query.refId}
            icon="close"
            label="Remove"
            run={() => change((one) => removedQuery(one, index))}
          />
        </div>
      </div>
      <QueryFields kind={source.kind} refId={query.refId} spec={query.spec} set={set} />
    </section>
  );
}

interface ActProps {
  refId: string;
  icon: IconName;
  label: string;
  run: () => void;
  off?: boolean;
}

function Act({ refId, icon, label, run, off = false }: ActProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon size={24} disabled={off} aria-label={`${label} query ${refId}`} onClick={run}>
        <Icon name={icon} size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

function RefId({ edit: { panel, change }, query, index }: Pick<Props, "edit" | "query" | "index">) {
  const taken = queriesOf(panel).some(({ refId }, other) => other !== index && refId === query.refId);
  const rename = (refId: string) => {
    if (refId === "" || refId === query.refId) return;
    if (queriesOf(panel).some((other) => other.refId === refId)) return;
    change((one) => changedQuery(one, index, (item) => withRefId(one.form, item, refId)));
  };
  return (
    <TextInput
      w={52}
      aria-label={`Name of query ${query.refId}`}
      className={classes.refId ?? ""}
      defaultValue={query.refId}
      error={taken}
      onBlur={(event) => rename(event.currentTarget.value.trim())}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

type SourceProps = Pick<Props, "edit" | "query" | "index"> & { outer: ReturnType<typeof readDataSource> };

function SourcePicker({ edit, query, index, outer }: SourceProps) {
  const { context } = useBoard();
  const shown = query.dataSource ?? (outer?.uid === "-- Mixed --" ? null : outer);
  const data = useMemo(() => sourceChoices(context, shown), [context, shown]);
  return (
    <Select
      aria-label={`Data source of query ${query.refId}`}
      w={210}
      searchable
      onFocus={selectAll}
      allowDeselect={false}
      value={keyOf(shown)}
      data={data}
      onChange={(key) => edit.change((one) => withQuerySource(one, index, refOf(key)))}
    />
  );
}
