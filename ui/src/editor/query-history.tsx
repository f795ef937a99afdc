/** The button that opens the history of a query editor and the saved queries, and what puts queries into them. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { lazy, Suspense, useEffect, useState } from "react";
import { Icon } from "../components/icon";
import { useShortcuts } from "../shell/keyboard";
import type { LanguageName } from "./codemirror";
import { rememberQuery } from "./query-store";

const QueryHistoryDialog = lazy(() => import("./query-history-dialog"));

interface Props {
  language: LanguageName;
  /** What is in the editor, to be saved. */
  draft: string;
  /** The queries that are run. */
  ran: readonly string[];
  /** Puts a query into the editor, and runs it. */
  onRecall: (query: string) => void;
}

export function QueryHistory({ language, draft, ran, onRecall }: Props) {
  const [opened, setOpened] = useState(false);
  const key = ran.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key has the content of the list
  useEffect(() => {
    for (const query of ran) rememberQuery(language, query);
  }, [language, key]);
  useShortcuts([{ keys: "h", label: "Query history", group: "Query editor", run: () => setOpened(true) }]);
  return (
    <>
      <Tooltip label="Query history (h)">
        <ActionIcon
          size={30}
          aria-label="Query history"
          aria-haspopup="dialog"
          onClick={() => setOpened(true)}
        >
          <Icon name="clock" size={14} />
        </ActionIcon>
      </Tooltip>
      <Suspense fallback={null}>
        {opened && (
          <QueryHistoryDialog
            language={language}
            draft={draft}
            close={() => setOpened(false)}
            onRecall={(query) => {
              setOpened(false);
              onRecall(query);
            }}
          />
        )}
      </Suspense>
    </>
  );
}
