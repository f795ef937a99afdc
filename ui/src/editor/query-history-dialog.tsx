/** The queries of a language that were run, newest first, and those that were saved. */
import { ActionIcon, Button, Modal, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { Icon } from "../components/icon";
import { formatAgo } from "../time/format";
import type { LanguageName } from "./codemirror";
import classes from "./query-history.module.css";
import { deleteQuery, type StoredQuery, saveQuery, storedQueries } from "./query-store";

const NAMES: Record<LanguageName, string> = {
  promql: "PromQL",
  logql: "LogQL",
  traceql: "TraceQL",
  sql: "SQL",
};

interface Props {
  language: LanguageName;
  draft: string;
  close: () => void;
  onRecall: (query: string) => void;
}

export default function QueryHistoryDialog({ language, draft, close, onRecall }: Props) {
  const [queries, setQueries] = useState(() => storedQueries(language));
  const [text, setText] = useState("");
  const [nowMs] = useState(() => Date.now());
  const list = useRef<HTMLDivElement>(null);
  const refresh = () => setQueries(storedQueries(language));
  const saved = matching(queries.saved, text);
  const recent = matching(queries.recent, text);
  /** The arrow keys move between the search and the queries below it. */
  const move = (by: 1 | -1) => {
    const stops = [...(list.current?.querySelectorAll<HTMLElement>("[data-stop]") ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    stops[Math.min(stops.length - 1, Math.max(0, at + by))]?.focus();
  };
  const rows = (found: StoredQuery[]) =>
    found.map((one) => (
      <Row
        key={`${one.name ?? ""} ${one.query}`}
        one={one}
        note={one.name ?? formatAgo(one.atMs, nowMs)}
        onRecall={() => onRecall(one.query)}
        onDelete={() => {
          deleteQuery(language, one);
          refresh();
        }}
      />
    ));
  return (
    <Modal opened onClose={close} title={`${NAMES[language]} queries`} size={760}>
      <div
        ref={list}
        role="group"
        aria-label="Queries"
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          move(event.key === "ArrowDown" ? 1 : -1);
        }}
      >
        <TextInput
          data-stop
          data-autofocus
          leftSection={<Icon name="search" size={12} />}
          placeholder="Search names and queries"
          aria-label="Search names and queries"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {draft.trim() !== "" && (
          <Save
            draft={draft}
            onSave={(name) => {
              saveQuery(language, name, draft);
              refresh();
            }}
          />
        )}
        <h3 className={classes.head}>Saved</h3>
        {rows(saved)}
        {saved.length === 0 && (
          <p className={classes.none}>
            {queries.saved.length > 0
              ? "No saved query matches the search. Remove a word."
              : "No query is saved. Write one in the editor, and save it here with a name."}
          </p>
        )}
        <h3 className={classes.head}>Recent</h3>
        {rows(recent)}
        {recent.length === 0 && (
          <p className={classes.none}>
            {queries.recent.length > 0
              ? "No recent query matches the search. Remove a word."
              : "No query was run in this browser yet. Run one, and it is listed here."}
          </p>
        )}
      </div>
    </Modal>
  );
}

function matching(queries: StoredQuery[], text: string): StoredQuery[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return queries.filter(({ query, name = "" }) => {
    const searched = `${name} ${query}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

function Save({ draft, onSave }: { draft: string; onSave: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      className={classes.save}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === "") return;
        onSave(name);
        setName("");
      }}
    >
      <code title={draft}>{draft}</code>
      <TextInput
        placeholder="Name"
        aria-label="Name of the query"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" h={30} disabled={name.trim() === ""}>
        Save
      </Button>
    </form>
  );
}

interface RowProps {
  one: StoredQuery;
  note: string;
  onRecall: () => void;
  onDelete: () => void;
}

function Row({ one, note, onRecall, onDelete }: RowProps) {
  return (
    <div className={classes.row}>
      <button type="button" data-stop title={one.query} onClick={onRecall}>
        <code>{one.query}</code>
        <span data-name={one.name !== undefined}>{note}</span>
      </button>
      <ActionIcon size={24} aria-label={`Delete ${one.name ?? one.query}`} onClick={onDelete}>
        <Icon name="close" size={12} />
      </ActionIcon>
    </div>
  );
}
