/** SQL, with completion of the tables and columns of the server. */
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import type { Extension } from "@codemirror/state";
import { type CompletionSources, cached } from "./completions";

export async function sqlLanguage(sources: CompletionSources): Promise<Extension> {
  const tables = sources.tables ? await cached("sql tables", sources.tables, []) : [];
  const schema = Object.fromEntries(
    tables.map((table) => [
      table.name,
      table.columns.map((column) => ({ label: column.name, detail: column.type, type: "property" })),
    ]),
  );
  return sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true });
}
