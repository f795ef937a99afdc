/** The tables and their columns. A click inserts the name into the query. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sqlTables } from "../../api/sql";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { sqlName } from "../../query/sql";
import classes from "./sql.module.css";

interface Props {
  onInsert: (text: string) => void;
  onOpen: (query: string) => void;
}

export function SchemaPanel({ onInsert, onOpen }: Props) {
  const tables = useQuery({
    queryKey: ["sql tables"],
    queryFn: ({ signal }) => sqlTables(signal),
    retry: false,
    staleTime: 300_000,
  });
  return (
    <Panel title="Tables" className={classes.side}>
      <div className={classes.tables}>
        {tables.error && <ErrorMessage error={tables.error} retry={() => void tables.refetch()} />}
        {(tables.data ?? []).map((table) => (
          <div key={table.name} className={classes.tableEntry}>
            <details open>
              <summary>
                <Icon name="table" size={13} />
                {table.name} <small>{table.columns.length}</small>
              </summary>
              {table.columns.map((column) => (
                <button
                  type="button"
                  key={column.name}
                  className={classes.column}
                  title={`${column.name} ${column.type}`}
                  onClick={() => onInsert(sqlName(column.name))}
                >
                  {column.name}
                  <span>{column.type}</span>
                </button>
              ))}
            </details>
            <Tooltip label={`First rows of ${table.name}`}>
              <ActionIcon
                className={classes.first}
                size={20}
                aria-label={`First rows of ${table.name}`}
                onClick={() => onOpen(`SELECT * FROM ${sqlName(table.name)} LIMIT 100`)}
              >
                <Icon name="play" size={10} />
              </ActionIcon>
            </Tooltip>
          </div>
        ))}
      </div>
    </Panel>
  );
}
