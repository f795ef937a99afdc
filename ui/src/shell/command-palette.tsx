/** The command palette: finds views, dashboards, services and actions, and opens a trace by its id. */
import { Modal, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ALERT_VIEWS } from "../alerts/views";
import { fetchOverview } from "../api/overview";
import { copyText } from "../components/copy-text";
import { Icon, type IconName } from "../components/icon";
import { useDashboardList } from "../data/dashboard-list";
import { useRange } from "../time/context";
import { serviceLogs, serviceMetrics } from "../url/links";
import { fixedLink } from "../url/share-link";
import { traceIdIn } from "../url/trace-id";
import classes from "./command-palette.module.css";
import { VIEWS } from "./shell";

interface Command {
  label: string;
  hint: string;
  icon: IconName;
  /** May resolve to the outcome, where nothing else shows it. */
  run: () => unknown;
}

/** For as long as an outcome is shown. */
const OUTCOME_MS = 1_200;

export default function CommandPalette({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const [outcome, setOutcome] = useState("");
  const commands = useCommands();
  const found = useFound(commands, text);
  const run = (command: Command | undefined) => {
    if (!command) return;
    const running = command.run();
    if (!(running instanceof Promise)) return close();
    void running.then((shown: unknown) => {
      setOutcome(String(shown));
      setTimeout(close, OUTCOME_MS);
    });
  };
  const move = (by: number) => {
    if (found.length === 0) return;
    const next = (chosen + by + found.length) % found.length;
    setChosen(next);
    document.getElementById(`palette-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={580}
      yOffset="12vh"
      attributes={{ content: { "aria-label": "Command palette" } }}
    >
      <input
        className={classes.input}
        placeholder="View, dashboard, service or trace id"
        aria-label="View, dashboard, service or trace id"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${chosen}`}
        value={text}
        data-autofocus
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") move(1);
          else if (event.key === "ArrowUp") move(-1);
          else if (event.key === "Enter") run(found[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <div className={classes.outcome} aria-live="polite">
        {outcome}
      </div>
      <div className={classes.list} id="palette-list" role="listbox" aria-label="Commands">
        {found.length === 0 && (
          <div className={classes.none}>
            No command matches. Type the name of a view, service or action, or paste a trace id.
          </div>
        )}
        {found.map((command, index) => (
          <button
            type="button"
            key={`${index} ${command.label}`}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            tabIndex={-1}
            className={classes.option}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} size={14} />
            {command.label}
            <span className={classes.hint}>{command.hint}</span>
          </button>
        ))}
      </div>
    </Modal>
  );
}

function useFound(commands: Command[], text: string): Command[] {
  const navigate = useNavigate();
  return useMemo(() => {
    const traceId = traceIdIn(text);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = commands
      .filter((command) => words.every((word) => nameOf(command).includes(word)))
      .sort((left, right) => rank(left, words) - rank(right, words));
    if (!traceId) return found.slice(0, 50);
    const open: Command = {
      label: `Open trace ${traceId}`,
      hint: "trace",
      icon: "traces",
      run: () => void navigate({ to: "/trace/$traceId", params: { traceId } }),
    };
    return [open, ...found];
  }, [commands, text, navigate]);
}

function nameOf({ label, hint }: Command): string {
  return `${label} ${hint}`.toLowerCase();
}

/** The number of typed words that do not begin a word of the command: "tr" is rather Traces than Metrics. */
function rank(command: Command, words: string[]): number {
  const starts = nameOf(command).split(/[^\p{L}\p{N}]+/u);
  return words.filter((word) => !starts.some((start) => start.startsWith(word))).length;
}

function useCommands(): Command[] {
  const navigate = useNavigate();
  const range = useRange();
  const { setColorScheme } = useMantineColorScheme();
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => fetchOverview(signal),
    staleTime: 4_000,
  });
  const dashboards = useDashboardList();
  return useMemo(() => {
    const views = VIEWS.map((view): Command => {
      return { label: view.label, hint: "view", icon: view.icon, run: () => void navigate({ to: view.to }) };
    });
    const alerting = ALERT_VIEWS.filter(({ to }) => to !== "/alerts").map(({ to, label }): Command => {
      return { label, hint: "view of alerts", icon: "alerts", run: () => void navigate({ to }) };
    });
    const services = (overview.data?.services ?? []).flatMap(({ name }): Command[] => [
      {
        label: `Traces of ${name}`,
        hint: "service",
        icon: "traces",
        run: () => void navigate({ to: "/explore/traces", search: { service: name } }),
      },
      {
        label: `Logs of ${name}`,
        hint: "service",
        icon: "logs",
        run: () => void navigate({ to: "/explore/logs", search: { query: serviceLogs(name) } }),
      },
      {
        label: `Metrics of ${name}`,
        hint: "service",
        icon: "metrics",
        run: () =>
          void navigate({ to: "/explore/metrics", search: { expr: [serviceMetrics(name)], view: "table" } }),
      },
    ]);
    const boards = (dashboards.data?.dashboards ?? []).map(({ uid, title, folder }): Command => {
      const hint = folder === "" ? "dashboard" : `dashboard in ${folder}`;
      const run = () => void navigate({ to: "/d/$uid", params: { uid } });
      return { label: title || uid, hint, icon: "dashboards", run };
    });
    const actions: Command[] = [
      { label: "Dark theme", hint: "action", icon: "moon", run: () => setColorScheme("dark") },
      { label: "Light theme", hint: "action", icon: "sun", run: () => setColorScheme("light") },
      { label: "System theme", hint: "action", icon: "system", run: () => setColorScheme("auto") },
      { label: "Show times in UTC", hint: "action", icon: "clock", run: () => range.setZone("utc") },
      { label: "Show times in local time", hint: "action", icon: "clock", run: () => range.setZone("local") },
      {
        label: "Copy a link with fixed times",
        hint: "action",
        icon: "link",
        run: async () =>
          (await copyText(fixedLink(window.location.href, range.range)))
            ? "The link is copied"
            : "The browser refused to copy the link",
      },
      { label: "Refresh", hint: "action", icon: "refresh", run: range.refreshNow },
    ];
    return [...views, ...alerting, ...boards, ...services, ...actions];
  }, [navigate, overview.data, dashboards.data, range, setColorScheme]);
}
