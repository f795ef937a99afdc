/** The time range of the page: stored in the URL, and resolved to instants here. */
import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { usePreference } from "../shell/preferences";
import { type Calendar, calendarOf } from "./calendar";
import { parseDuration } from "./duration";
import type { Zone } from "./format";
import { absolute, DEFAULT_RANGE, type Range, type RawRange, rangeProblem, resolveRange } from "./range";

export interface RangeState {
  raw: RawRange;
  /** Epoch milliseconds; relative ends are resolved again at the next refresh. */
  range: Range;
  /** The time at the last refresh. */
  nowMs: number;
  /** Why the range of the URL was rejected, or null. */
  problem: string | null;
  zone: Zone;
  setZone: (zone: Zone) => void;
  /** Of the zone. */
  calendar: Calendar;
  /** What the view says of its time. */
  view: ViewTime;
  setView: (view: ViewTime) => void;
  /** For example `10s`; undefined when off. */
  refresh: string | undefined;
  setRefresh: (value: string | undefined) => void;
  setRaw: (raw: RawRange) => void;
  setRange: (range: Range) => void;
  refreshNow: () => void;
}

/** What a view, such as a dashboard, says of its time. */
export interface ViewTime {
  /** Null for the choice of the person. */
  zone: Zone | null;
  /** As those of a calendar; null for those of the page. */
  weekStart: number | null;
  fiscalStart: number;
  /** The range ends so long before now, for data that comes late. */
  nowDelay: string;
  /** Empty for those of the page. */
  refreshIntervals: string[];
  hidePicker: boolean;
}

/** A view that says nothing of its time. */
export const PAGE_TIME: ViewTime = {
  zone: null,
  weekStart: null,
  fiscalStart: 0,
  nowDelay: "",
  refreshIntervals: [],
  hidePicker: false,
};

export const RangeContext = createContext<RangeState | null>(null);

export function useRange(): RangeState {
  const state = useContext(RangeContext);
  if (!state) throw new Error("useRange outside of RangeProvider");
  return state;
}

export function RangeProvider({ children }: { children: ReactNode }) {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [view, setView] = useState(PAGE_TIME);
  const { zone, setZone } = useZone(view);
  const [nowMs, setNowMs] = useState(() => Date.now());
  const from = search.from ?? DEFAULT_RANGE.from;
  const to = search.to ?? DEFAULT_RANGE.to;
  const refresh = search.refresh;

  const refreshNow = useCallback(() => setNowMs(Date.now()), []);
  useFreshness(path, `${from} ${to}`, nowMs, refreshNow);
  useInterval(refresh, refreshNow);

  const write = useCallback(
    (change: { from?: string; to?: string; refresh?: string | undefined }) =>
      navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, ...change }) as never }),
    [navigate],
  );
  const setRaw = useCallback(
    (raw: RawRange) => {
      setNowMs(Date.now());
      void write({ from: raw.from, to: raw.to });
    },
    [write],
  );

  const state = useMemo((): RangeState => {
    const { weekStart, fiscalStart, nowDelay } = view;
    const page = calendarOf(zone);
    const calendar = { ...page, weekStart: weekStart ?? page.weekStart, fiscalStart };
    const delayed = to === "now" && nowDelay !== "" ? `now-${nowDelay}` : to;
    const wanted =
      resolveRange({ from, to: delayed }, nowMs, calendar) ?? resolveRange({ from, to }, nowMs, calendar);
    const range = wanted ?? { fromMs: nowMs - 3_600_000, toMs: nowMs };
    return {
      raw: wanted ? { from, to } : DEFAULT_RANGE,
      range,
      nowMs,
      problem: wanted ? null : rangeProblem({ from, to }, nowMs, calendar),
      zone,
      setZone,
      calendar,
      view,
      setView,
      refresh,
      setRefresh: (value) => void write({ refresh: value }),
      setRaw,
      setRange: (given) => setRaw(absolute(given)),
      refreshNow,
    };
  }, [from, to, nowMs, zone, view, refresh, setZone, write, setRaw, refreshNow]);
  return <RangeContext value={state}>{children}</RangeContext>;
}

/** That of the view, until a person chooses another one; otherwise that which the person has chosen before. */
function useZone(view: ViewTime): Pick<RangeState, "zone" | "setZone"> {
  const [preferred, setPreferred] = usePreference<Zone>("zone", ["local", "utc"], "local");
  const [chosen, setChosen] = useState<{ view: ViewTime; zone: Zone } | null>(null);
  const own = chosen?.view === view ? chosen.zone : view.zone;
  const setZone = useCallback(
    (zone: Zone) => (view.zone === null ? setPreferred(zone) : setChosen({ view, zone })),
    [view, setPreferred],
  );
  return { zone: own ?? preferred, setZone };
}

/** Gives the page the time of a view while the view is open. Whether the page has it. */
export function useViewTime(view: ViewTime): boolean {
  const { view: current, setView } = useRange();
  useEffect(() => {
    setView(view);
    return () => setView(PAGE_TIME);
  }, [view, setView]);
  return current === view;
}

/** Returning to a view within this time does not refresh it. */
const FRESH_MS = 60_000;

/** Resolves the range again when another view or range is opened. */
function useFreshness(path: string, range: string, nowMs: number, refreshNow: () => void): void {
  const before = useRef({ path, range });
  useEffect(() => {
    const { current } = before;
    before.current = { path, range };
    const aged = current.path !== path && Date.now() - nowMs > FRESH_MS;
    if (current.range !== range || aged) refreshNow();
  }, [path, range, nowMs, refreshNow]);
}

function useInterval(refresh: string | undefined, refreshNow: () => void): void {
  useEffect(() => {
    const everyMs = refresh ? parseDuration(refresh) : null;
    if (everyMs === null) return;
    const timer = setInterval(
      () => {
        if (!document.hidden) refreshNow();
      },
      Math.max(1_000, everyMs),
    );
    return () => clearInterval(timer);
  }, [refresh, refreshNow]);
}
