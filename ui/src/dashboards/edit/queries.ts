/** Changes of the list of queries of a panel. */
import { list, record } from "../../api/decode";
import type { DataSourceRef } from "../model";
import { freeRefId, readDataSource } from "../parts";
import { insertedAt, moved, withValue } from "./json";
import { type EditedPanel, newQuery, partOf, queriesOf, withDataSource, withPart, withRefId } from "./panel";

type Json = Record<string, unknown>;

function write(panel: EditedPanel, queries: unknown[]): Json {
  return withPart(panel, "queries", [], queries);
}

function freeName(panel: EditedPanel): string {
  return freeRefId("", new Set(queriesOf(panel).map(({ refId }) => refId)));
}

/** With a query that asks the same source as the last one. */
export function addedQuery(panel: EditedPanel): Json {
  const last = queriesOf(panel).at(-1)?.dataSource ?? null;
  return write(panel, [...list(partOf(panel, "queries")), newQuery(panel.form, freeName(panel), last)]);
}

export function duplicatedQuery(panel: EditedPanel, index: number): Json {
  const queries = list(partOf(panel, "queries"));
  const copy = withRefId(panel.form, queries[index], freeName(panel));
  return write(panel, insertedAt(queries, index + 1, copy));
}

export function removedQuery(panel: EditedPanel, index: number): Json {
  return write(
    panel,
    list(partOf(panel, "queries")).filter((_, other) => other !== index),
  );
}

export function movedQuery(panel: EditedPanel, from: number, to: number): Json {
  return write(panel, moved(list(partOf(panel, "queries")), from, to));
}

/** Changes one query; `change` gets its JSON. */
export function changedQuery(panel: EditedPanel, index: number, change: (item: unknown) => unknown): Json {
  return write(
    panel,
    list(partOf(panel, "queries")).map((item, other) => (other === index ? change(item) : item)),
  );
}

/** Grafana's name for a panel whose queries ask several sources. */
const MIXED = { type: "datasource", uid: "-- Mixed --" };

/** Another source of one query. A classic panel names the source of all its queries, or that they have several. */
export function withQuerySource(panel: EditedPanel, index: number, source: DataSourceRef | null): Json {
  const changed = changedQuery(panel, index, (item) => withDataSource(panel.form, item, source));
  if (panel.form === "v2") return changed;
  const outer = readDataSource(panel.json.datasource);
  const before = queriesOf(panel);
  const sources = before.map(({ dataSource }, other) => (other === index ? source : (dataSource ?? outer)));
  const key = (ref: DataSourceRef | null) => (ref ? `${ref.type} ${ref.uid}` : "");
  if (sources.every((one) => key(one) === key(source)))
    return record(withValue(changed, ["datasource"], source ? { ...source } : undefined));
  const named = list(changed.targets).map((item, other) => {
    const own = sources[other] ?? null;
    return readDataSource(record(item).datasource) || !own ? item : withDataSource("classic", item, own);
  });
  return { ...changed, targets: named, datasource: MIXED };
}
