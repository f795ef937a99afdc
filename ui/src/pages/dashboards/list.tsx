/** The list of dashboards: their folders, tags and stars, files that cannot be read, and the import of a file. */
import { Button, SegmentedControl, Select } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import type { DashboardEntry, DashboardList, DashboardProblem } from "../../api/generated";
import { CodeBlock } from "../../components/code-block";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { FindInput } from "../../components/find-input";
import { Icon } from "../../components/icon";
import { LoadingBar } from "../../components/loading-bar";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import { useDashboardList } from "../../data/dashboard-list";
import type { DashboardsSearch } from "../../routes";
import classes from "./dashboards.module.css";
import { type Group, groupsOf, tagsOf } from "./entries";
import { StarButton } from "./star-button";
import { useStars } from "./stars";

const route = getRouteApi("/dashboards");
const ImportDialog = lazy(() => import("./import-dialog"));

type Change = (part: Partial<DashboardsSearch>, replace?: boolean) => void;

export default function Dashboards() {
  usePageTitle("Dashboards");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: Change = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useDashboardList();
  const { starred } = useStars();
  const [importing, setImporting] = useState<{ text: string } | null>(null);
  useDroppedFile((text) => setImporting({ text }));
  const groups = answer.data ? groupsOf(answer.data.dashboards, starred, search) : [];
  const list = useRef<HTMLDivElement>(null);
  return (
    <div className={classes.page}>
      <LoadingBar active={answer.isLoading} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && answer.data.dashboards.length > 0 && (
        <Tools
          list={answer.data}
          search={search}
          change={change}
          onImport={() => setImporting({ text: "" })}
          onDown={() => list.current?.querySelector("a")?.focus()}
        />
      )}
      {answer.data?.dashboards.length === 0 && <NoDashboards onImport={() => setImporting({ text: "" })} />}
      <Problems problems={answer.data?.problems ?? []} />
      {answer.data && answer.data.dashboards.length > 0 && groups.length === 0 && (
        <EmptyState
          title="No dashboard matches"
          actions={
            <Button onClick={() => change({ find: undefined, tag: undefined, starred: undefined })}>
              Clear the filters
            </Button>
          }
        >
          There are {answer.data.dashboards.length} dashboards. Change the text, or remove a tag.
        </EmptyState>
      )}
      <div ref={list} className={classes.groups} role="group" aria-label="Dashboards" onKeyDown={moveByKey}>
        {groups.map((group) => (
          <Folder key={group.name} group={group} search={search} change={change} />
        ))}
      </div>
      <Suspense fallback={null}>
        {importing && <ImportDialog text={importing.text} close={() => setImporting(null)} />}
      </Suspense>
    </div>
  );
}

/** A file that is dropped anywhere on the view. */
function useDroppedFile(opened: (text: string) => void): void {
  useWindowEvent("dragover", (event) => event.preventDefault());
  useWindowEvent("drop", (event) => {
    event.preventDefault();
    void event.dataTransfer?.files[0]?.text().then(opened);
  });
}

/** The arrow keys move between the dashboards. */
function moveByKey(event: React.KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step === undefined) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("a[data-stop]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  event.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

interface ToolsProps {
  list: DashboardList;
  search: DashboardsSearch;
  change: Change;
  onImport: () => void;
  onDown: () => void;
}

function Tools({ list, search, change, onImport, onDown }: ToolsProps) {
  const tags = useMemo(() => tagsOf(list.dashboards), [list]);
  const chosen = search.tag ?? [];
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Find a dashboard"
        placeholder="Title, folder, tag or file"
        group="Dashboards"
        onDown={onDown}
      />
      {tags.length > 0 && (
        <Select
          aria-label="Tag"
          placeholder="Tag"
          w={150}
          searchable
          value={null}
          onChange={(tag) => tag && change({ tag: [...chosen, tag] })}
          data={tags
            .filter(({ tag }) => !chosen.includes(tag))
            .map(({ tag, count }) => ({ value: tag, label: `${tag} (${count})` }))}
        />
      )}
      {chosen.map((tag) => (
        <Button
          key={tag}
          rightSection={<Icon name="close" size={10} />}
          aria-label={`Remove the tag ${tag}`}
          onClick={() => change({ tag: without(chosen, tag) })}
        >
          {tag}
        </Button>
      ))}
      <Button
        aria-pressed={search.starred === "on"}
        variant={search.starred ? "filled" : "default"}
        leftSection={<Icon name="star" size={12} />}
        onClick={() => change({ starred: search.starred ? undefined : "on" })}
      >
        Starred
      </Button>
      <SegmentedControl
        aria-label="Order"
        value={search.sort ?? "folder"}
        onChange={(value) => change({ sort: value === "title" ? "title" : undefined }, true)}
        data={[
          { value: "folder", label: "Folders" },
          { value: "title", label: "Titles" },
        ]}
      />
      <Button className={classes.right} leftSection={<Icon name="plus" size={12} />} onClick={onImport}>
        Import
      </Button>
    </div>
  );
}

function without(tags: string[], tag: string): string[] | undefined {
  const rest = tags.filter((other) => other !== tag);
  return rest.length > 0 ? rest : undefined;
}

function Folder({ group, search, change }: { group: Group; search: DashboardsSearch; change: Change }) {
  return (
    <Panel {...(group.name === "" ? {} : { title: group.name, note: group.entries.length })}>
      <ul className={classes.entries}>
        {group.entries.map((entry) => (
          <Entry
            key={entry.uid}
            entry={entry}
            showFolder={search.sort === "title" || group.name !== entry.folder}
            onTag={(tag) => change({ tag: [...new Set([...(search.tag ?? []), tag])] })}
          />
        ))}
      </ul>
    </Panel>
  );
}

interface EntryProps {
  entry: DashboardEntry;
  showFolder: boolean;
  onTag: (tag: string) => void;
}

function Entry({ entry, showFolder, onTag }: EntryProps) {
  const { uid, title, folder, tags, file } = entry;
  return (
    <li>
      <StarButton uid={uid} title={title} />
      <Link to="/d/$uid" params={{ uid }} className={classes.title} data-stop>
        {title || uid}
      </Link>
      {showFolder && folder !== "" && <span className={classes.faint}>{folder}</span>}
      <span className={classes.tags}>
        {[...new Set(tags)].map((tag) => (
          <button key={tag} type="button" aria-label={`Only with the tag ${tag}`} onClick={() => onTag(tag)}>
            {tag}
          </button>
        ))}
      </span>
      <span className={classes.file} title={file}>
        <bdi>{file}</bdi>
      </span>
    </li>
  );
}

function Problems({ problems }: { problems: DashboardProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <Notice>
      {problems.length === 1 ? "A file is" : `${problems.length} files are`} not shown:
      <ul className={classes.problems}>
        {problems.map(({ file, reason }) => (
          <li key={`${file} ${reason}`}>
            <code>{file}</code>: {reason}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function NoDashboards({ onImport }: { onImport: () => void }) {
  return (
    <EmptyState title="No dashboards yet" actions={<Button onClick={onImport}>Import a dashboard</Button>}>
      <p>
        Glasshouse shows the JSON files of Grafana as they are. Start it with the folder of the dashboards, or
        of Grafana's provisioning, or set the key <code>adopt</code> in the configuration. You can also drop a
        file here.
      </p>
      <div className={classes.how}>
        <CodeBlock text="glasshouse serve --adopt grafana/provisioning" />
        <CodeBlock text="adopt: [/etc/grafana/provisioning]" />
      </div>
    </EmptyState>
  );
}
