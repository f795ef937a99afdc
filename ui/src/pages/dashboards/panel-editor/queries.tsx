/** The queries of a panel, each with its source, its text and its options. */
import { Button } from "@mantine/core";
import { string } from "../../../api/decode";
import { EmptyState } from "../../../components/empty-state";
import { Icon } from "../../../components/icon";
import { partOf, queriesOf } from "../../../dashboards/edit/panel";
import { addedQuery } from "../../../dashboards/edit/queries";
import { TextField } from "./fields";
import classes from "./panel-editor.module.css";
import { QueryCard } from "./query-card";
import type { PanelEdit } from "./use-panel-edit";

export function Queries({ edit }: { edit: PanelEdit }) {
  const { panel, change, set } = edit;
  const queries = queriesOf(panel);
  const text = (value: string) => (value === "" ? undefined : value);
  return (
    <div className={classes.tab}>
      {queries.length === 0 && (
        <EmptyState title="No queries">The panel asks for no data. Add a query to show some.</EmptyState>
      )}
      {queries.map((query, index) => (
        // The place of a query is not its identity: it keeps its editor when it is moved.
        <QueryCard
          key={query.refId || index}
          edit={edit}
          query={query}
          index={index}
          count={queries.length}
        />
      ))}
      <Button
        className={classes.add ?? ""}
        leftSection={<Icon name="plus" size={11} />}
        onClick={() => change(addedQuery)}
      >
        Add a query
      </Button>
      <details className={classes.more}>
        <summary>Query options</summary>
        <div className={classes.columns}>
          <TextField
            label="Min interval"
            placeholder="15s"
            value={string(partOf(panel, "interval"))}
            onChange={(value) => set("interval", [], text(value))}
          />
          <TextField
            label="Max data points"
            placeholder="width of the panel"
            value={string(partOf(panel, "maxDataPoints"))}
            onChange={(value) => set("maxDataPoints", [], Number(value) > 0 ? Number(value) : undefined)}
          />
          <TextField
            label="Relative time"
            placeholder="1h"
            value={string(partOf(panel, "timeFrom"))}
            onChange={(value) => set("timeFrom", [], text(value))}
          />
          <TextField
            label="Time shift"
            placeholder="1d"
            value={string(partOf(panel, "timeShift"))}
            onChange={(value) => set("timeShift", [], text(value))}
          />
        </div>
      </details>
    </div>
  );
}
