/** Alertmanager's API v2: alerts with what mutes them, their groups, and silences. */
import { labels, list, record, string, strings } from "./decode";
import { ApiError, request } from "./http";
import type { Labels } from "./prometheus";
import { instant } from "./rules";

const BASE = "/alertmanager/api/v2";

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export interface ManagedAlert {
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  startsMs: number | null;
  generatorUrl: string;
  receivers: string[];
  silencedBy: string[];
  /** Fingerprints of the alerts that mute it. */
  inhibitedBy: string[];
  /** Names of time intervals. */
  mutedBy: string[];
}

export interface AlertGroup {
  receiver: string;
  labels: Labels;
  fingerprints: string[];
}

export type SilenceState = "active" | "pending" | "expired";

export interface Silence {
  id: string;
  state: SilenceState;
  matchers: Matcher[];
  startsMs: number;
  endsMs: number;
  createdBy: string;
  comment: string;
}

/** What is sent to create a silence, or with an id to change one. */
export type SilenceDraft = Omit<Silence, "id" | "state"> & { id?: string };

/** The firing alerts; null when the server has no Alertmanager. */
export async function fetchManagedAlerts(signal?: AbortSignal): Promise<ManagedAlert[] | null> {
  const answer = await orNone(request(`${BASE}/alerts`, { signal }));
  return answer === null ? null : list(answer).map(readAlert);
}

/** The alerts that match; the server matches them, as it will for the silence. */
export async function fetchMatching(filter: string[], signal?: AbortSignal): Promise<ManagedAlert[]> {
  return list(await request(`${BASE}/alerts`, { parameters: { filter }, signal })).map(readAlert);
}

export async function fetchAlertGroups(signal?: AbortSignal): Promise<AlertGroup[] | null> {
  const answer = await orNone(request(`${BASE}/alerts/groups`, { signal }));
  if (answer === null) return null;
  return list(answer).map((value) => {
    const body = record(value);
    return {
      receiver: string(record(body.receiver).name),
      labels: labels(body.labels),
      fingerprints: list(body.alerts).map((alert) => string(record(alert).fingerprint)),
    };
  });
}

export async function fetchSilences(signal?: AbortSignal): Promise<Silence[] | null> {
  const answer = await orNone(request(`${BASE}/silences`, { signal }));
  return answer === null ? null : list(answer).map(readSilence);
}

/** The id of the silence, which is a new one when the matchers of a known silence were changed. */
export async function saveSilence({ startsMs, endsMs, ...rest }: SilenceDraft): Promise<string> {
  const [startsAt, endsAt] = [new Date(startsMs).toISOString(), new Date(endsMs).toISOString()];
  const answer = await request(`${BASE}/silences`, { json: { ...rest, startsAt, endsAt } });
  return string(record(answer).silenceID);
}

export async function expireSilence(id: string): Promise<void> {
  await request(`${BASE}/silence/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** The text of the configuration in use; null when the server has no Alertmanager. */
export async function fetchConfiguration(signal?: AbortSignal): Promise<string | null> {
  const answer = await orNone(request(`${BASE}/status`, { signal }));
  return answer === null ? null : string(record(record(answer).config).original);
}

async function orNone(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "not-found") return null;
    throw error;
  }
}

function readAlert(value: unknown): ManagedAlert {
  const body = record(value);
  const status = record(body.status);
  return {
    fingerprint: string(body.fingerprint),
    labels: labels(body.labels),
    annotations: labels(body.annotations),
    startsMs: instant(body.startsAt),
    generatorUrl: string(body.generatorURL),
    receivers: list(body.receivers).map((receiver) => string(record(receiver).name)),
    silencedBy: strings(status.silencedBy),
    inhibitedBy: strings(status.inhibitedBy),
    mutedBy: strings(status.mutedBy),
  };
}

const STATES: readonly SilenceState[] = ["active", "pending", "expired"];

function readSilence(value: unknown): Silence {
  const body = record(value);
  const state = string(record(body.status).state);
  return {
    id: string(body.id),
    state: STATES.find((one) => one === state) ?? "expired",
    matchers: list(body.matchers).map((matcher) => {
      const { name, value: wanted, isRegex, isEqual } = record(matcher);
      return {
        name: string(name),
        value: string(wanted),
        isRegex: isRegex === true,
        isEqual: isEqual !== false,
      };
    }),
    startsMs: instant(body.startsAt) ?? 0,
    endsMs: instant(body.endsAt) ?? 0,
    createdBy: string(body.createdBy),
    comment: string(body.comment),
  };
}
