/** The details of a row: every column with its value, and a link to its trace. */
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { JsonValue, SqlColumn } from "../../api/generated";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { isNumeric } from "../../data/sources/sql";
import { traceIdIn } from "../../url/trace-id";
import { valuesOfCell } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./sql.module.css";
import { toJson } from "./values";

export function RecordPanel({
  columns,
  row,
  close,
}: {
  columns: SqlColumn[];
  row: JsonValue[];
  close: () => void;
}) {
  return (
    <aside className={classes.record} aria-label="Row">
      <div className={classes.recordHead}>
        <b>Row</b>
        <CopyButton label="Copy the row as JSON" text={() => toJson({ columns, rows: [row] })} />
        <ActionIcon size={24} aria-label="Close" onClick={close}>
          <Icon name="close" size={13} />
        </ActionIcon>
      </div>
      <dl>
        {columns.map((column, index) => (
          <div key={`${column.name} ${index}`}>
            <dt title={column.type}>
              {column.name}
              <ValueMenu
                label={column.name}
                values={() => valuesOfCell("column", column.name, row[index], isNumeric(column.type))}
              />
            </dt>
            <dd>
              <Value name={column.name} value={row[index] ?? null} />
            </dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}

function Value({ name, value }: { name: string; value: JsonValue }) {
  if (value === null) return <span style={{ color: "var(--gh-faint)" }}>null</span>;
  if (typeof value === "object") return JSON.stringify(value, null, 2);
  const traceId = name === "trace_id" && typeof value === "string" ? traceIdIn(value) : null;
  if (!traceId) return String(value);
  return (
    <Link to="/trace/$traceId" params={{ traceId }}>
      {String(value)}
    </Link>
  );
}
