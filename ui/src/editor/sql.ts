/** SQL with the tables and columns that the server names. */
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import type { Extension } from "@codemirror/state";
import { type CompletionSources, once } from "./completions";

export async function sqlLanguage(sources: CompletionSources): Promise<Extension> {
  const tables = sources.tables ? await once("sql tables", sources.tables, []) : [];
  const schema = Object.fromEntries(
    tables.map((table) => [
      table.name,
      table.columns.map((column) => ({ label: column.name, detail: column.type, type: "property" })),
    ]),
  );
  return sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true });
}
