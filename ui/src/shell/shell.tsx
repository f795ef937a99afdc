/** The layout around every view: navigation, top bar, command palette and keyboard help. */
import { Menu, Tooltip, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Fragment, lazy, Suspense, useEffect, useState } from "react";
import { fetchOverview } from "../api/overview";
import { Icon, type IconName, Logo } from "../components/icon";
import { Notice } from "../components/notice";
import { RangeProvider, useRange } from "../time/context";
import { RangePicker } from "../time/picker";
import { useShortcuts } from "./keyboard";
import { usePreference } from "./preferences";
import classes from "./shell.module.css";

const loadPalette = () => import("./command-palette");
const CommandPalette = lazy(loadPalette);
const Share = lazy(() => import("./share"));
const AlertBadge = lazy(() => import("../alerts/badge"));
const KeyboardHelp = lazy(() => import("./keyboard-help"));

export interface View {
  to:
    | "/"
    | "/dashboards"
    | "/alerts"
    | "/explore/metrics"
    | "/explore/logs"
    | "/explore/traces"
    | "/explore/sql"
    | "/targets"
    | "/cardinality";
  label: string;
  icon: IconName;
  keys: string;
  /** The heading above it in the navigation. */
  group?: "Explore" | "Status";
  /** Where the paths of what it lists begin. */
  items?: "/d/" | "/trace/";
}

export const VIEWS: readonly View[] = [
  { to: "/", label: "Home", icon: "home", keys: "g h" },
  { to: "/dashboards", label: "Dashboards", icon: "dashboards", keys: "g d", items: "/d/" },
  { to: "/alerts", label: "Alerts", icon: "alerts", keys: "g a" },
  { to: "/explore/metrics", label: "Metrics", icon: "metrics", keys: "g m", group: "Explore" },
  { to: "/explore/logs", label: "Logs", icon: "logs", keys: "g l", group: "Explore" },
  { to: "/explore/traces", label: "Traces", icon: "traces", keys: "g t", group: "Explore", items: "/trace/" },
  { to: "/explore/sql", label: "SQL", icon: "sql", keys: "g s", group: "Explore" },
  { to: "/targets", label: "Targets", icon: "targets", keys: "g p", group: "Status" },
  { to: "/cardinality", label: "Cardinality", icon: "cardinality", keys: "g c", group: "Status" },
];
const GROUPS = ["Explore", "Status"] as const;
/** The views that show the present, whatever the time range. */
const TIMELESS =
  /^\/(dashboards|targets|alerts\/(rules\/(file|new)|silences|silences\/new|routes|notifications))$/;

export function Shell() {
  return (
    <RangeProvider>
      <Layout />
    </RangeProvider>
  );
}

function Layout() {
  const navigate = useNavigate();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const { problem } = useRange();
  useEffect(() => {
    // Loaded before it is needed, so that text typed right after the shortcut reaches its input.
    const timer = setTimeout(() => void loadPalette().catch(() => {}), 800);
    return () => clearTimeout(timer);
  }, []);
  useShortcuts([
    {
      keys: "mod+k",
      label: "Open the command palette",
      group: "Global",
      run: () => setPalette(true),
    },
    { keys: "?", label: "Show keyboard shortcuts", group: "Global", run: () => setHelp(true) },
    ...VIEWS.map((view) => ({
      keys: view.keys,
      label: view.label,
      group: "Go to",
      run: () => void navigate({ to: view.to }),
    })),
  ]);
  return (
    <div className={classes.layout}>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <Sidebar openHelp={() => setHelp(true)} />
      <div className={classes.main}>
        <TopBar openPalette={() => setPalette(true)} />
        <main className={classes.content} id="content" tabIndex={-1} data-scroll-restoration-id="content">
          {problem && (
            <div className={classes.problem}>
              <Notice>{problem}</Notice>
            </div>
          )}
          <Outlet />
        </main>
      </div>
      <Suspense fallback={null}>
        {palette && <CommandPalette close={() => setPalette(false)} />}
        {help && <KeyboardHelp close={() => setHelp(false)} />}
      </Suspense>
    </div>
  );
}

function TopBar({ openPalette }: { openPalette: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const trace = path.startsWith("/trace/");
  const view = VIEWS.find(({ to }) => path === to || (to !== "/" && path.startsWith(`${to}/`)));
  const timeless = TIMELESS.test(path);
  const dashboard = path.startsWith("/d/");
  return (
    <header className={classes.top}>
      <h1>{trace ? "Trace" : dashboard ? "Dashboard" : (view?.label ?? "Glasshouse")}</h1>
      <button
        type="button"
        className={classes.jump}
        onClick={openPalette}
        aria-label="Search or trace id"
        data-keys={isMac() ? "⌘K" : "Ctrl K"}
      >
        <Icon name="search" size={13} />
        <span>Search or trace id</span>
      </button>
      <Suspense fallback={null}>
        <Share timeless={trace || timeless} />
      </Suspense>
      {!timeless && <RangePicker refreshOnly={trace} />}
    </header>
  );
}

function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}

function Sidebar({ openHelp }: { openHelp: () => void }) {
  const small = useMediaQuery("(max-width: 1200px)", window.innerWidth <= 1200, {
    getInitialValueInEffect: false,
  });
  const [choice, setChoice] = usePreference("sidebar", ["auto", "wide", "narrow"], "auto");
  const narrow = choice === "narrow" || (choice === "auto" && small);
  const toggle = () => setChoice(narrow ? "wide" : "narrow");
  useShortcuts([{ keys: "\\", label: "Collapse or expand the sidebar", group: "Global", run: toggle }]);
  return (
    <nav className={classes.side} data-narrow={narrow} aria-label="Views">
      <Link to="/" className={classes.brand} aria-label="Glasshouse, home">
        <Logo />
        {!narrow && "Glasshouse"}
      </Link>
      {VIEWS.filter((view) => !view.group).map((view) => (
        <NavItem key={view.to} view={view} narrow={narrow} />
      ))}
      {GROUPS.map((group) => (
        <Fragment key={group}>
          <div className={classes.group}>{!narrow && group}</div>
          {VIEWS.filter((view) => view.group === group).map((view) => (
            <NavItem key={view.to} view={view} narrow={narrow} />
          ))}
        </Fragment>
      ))}
      <div className={classes.foot}>
        {!narrow && <VersionBadge />}
        <SchemeMenu narrow={narrow} />
        <WithTooltip label="Keyboard shortcuts (?)" narrow={narrow}>
          <button
            type="button"
            className={classes.item}
            onClick={openHelp}
            aria-label={narrow ? "Keyboard shortcuts" : undefined}
          >
            <Icon name="help" />
            {!narrow && "Shortcuts"}
          </button>
        </WithTooltip>
        <WithTooltip label={"Expand the sidebar (\\)"} narrow={narrow}>
          <button
            type="button"
            className={classes.item}
            onClick={toggle}
            aria-label={narrow ? "Expand the sidebar" : undefined}
          >
            <Icon name="sidebar" />
            {!narrow && "Collapse"}
          </button>
        </WithTooltip>
      </div>
    </nav>
  );
}

function NavItem({ view, narrow }: { view: View; narrow: boolean }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const open = view.items !== undefined && path.startsWith(view.items);
  return (
    <WithTooltip label={`${view.label} (${view.keys})`} narrow={narrow}>
      <Link
        to={view.to}
        className={classes.item}
        activeOptions={{ exact: view.to === "/", includeSearch: false }}
        aria-current={open ? "true" : undefined}
      >
        <Icon name={view.icon} />
        {narrow ? <VisuallyHidden>{view.label}</VisuallyHidden> : view.label}
        {view.to === "/alerts" && (
          <Suspense fallback={null}>
            <AlertBadge />
          </Suspense>
        )}
      </Link>
    </WithTooltip>
  );
}

function WithTooltip({
  label,
  narrow,
  children,
}: {
  label: string;
  narrow: boolean;
  children: React.ReactElement;
}) {
  return (
    <Tooltip label={label} position="right" disabled={!narrow}>
      {children}
    </Tooltip>
  );
}

/** The version of the server, and a warning that it has no authentication. */
function VersionBadge() {
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => fetchOverview(signal),
    staleTime: 4_000,
  });
  return (
    <div
      className={classes.badge}
      title="Everyone who can reach this port can read all data. Listen on loopback only."
    >
      {overview.data?.version ? `${overview.data.version} · ` : ""}no authentication
    </div>
  );
}

function SchemeMenu({ narrow }: { narrow: boolean }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const icon = colorScheme === "auto" ? "system" : colorScheme === "dark" ? "moon" : "sun";
  return (
    <Menu position="right-end">
      <Menu.Target>
        <button type="button" className={classes.item} aria-label="Theme">
          <Icon name={icon} />
          {!narrow && "Theme"}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="system" size={14} />} onClick={() => setColorScheme("auto")}>
          System
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="moon" size={14} />} onClick={() => setColorScheme("dark")}>
          Dark
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="sun" size={14} />} onClick={() => setColorScheme("light")}>
          Light
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
