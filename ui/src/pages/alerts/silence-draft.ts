/** What is typed in the form of a silence, and the silence that it makes. */
import { matchersProblem, parseMatchers } from "../../alerts/matchers";
import type { Matcher, Silence, SilenceDraft } from "../../api/alertmanager";
import type { Calendar } from "../../time/calendar";
import { parseDuration, queryDuration } from "../../time/duration";
import { parseInstant } from "../../time/range";

export interface Draft {
  matchers: Matcher[];
  /** `now`, or an instant. */
  starts: string;
  /** How long it lasts, from its start or from now. */
  duration: string;
  author: string;
  comment: string;
}

export const PRESETS = ["30m", "1h", "2h", "4h", "8h", "1d", "3d", "1w"];
const DURATION = "2h";
const MINUTE_MS = 60_000;

export function newDraft(filter: string | undefined, author: string): Draft {
  const found = parseMatchers(filter ?? "") ?? [];
  return {
    matchers: found.length > 0 ? found : [emptyMatcher()],
    starts: "now",
    duration: DURATION,
    author,
    comment: "",
  };
}

export function emptyMatcher(): Matcher {
  return { name: "", value: "", isRegex: false, isEqual: true };
}

/** A known silence: what remains of it, or all of it again when it has expired. Its author is who changes it. */
export function draftOf(
  { matchers, comment, createdBy, state, startsMs, endsMs }: Silence,
  nowMs: number,
  author: string,
): Draft {
  const lengthMs = state === "active" ? endsMs - nowMs : endsMs - startsMs;
  return {
    matchers,
    starts: state === "pending" ? new Date(startsMs).toISOString() : "now",
    duration: queryDuration(Math.max(1, Math.round(lengthMs / MINUTE_MS)) * MINUTE_MS),
    author: author || createdBy,
    comment,
  };
}

export type Made = { silence: SilenceDraft } | { problem: string };

/** The silence to send, or what is missing. `known` is the one that is changed. */
export function silenceOf(draft: Draft, known: Silence | undefined, nowMs: number, calendar: Calendar): Made {
  const matchers = filled(draft.matchers);
  const problem = matchersProblem(matchers);
  if (problem) return { problem };
  const startsMs = parseInstant(draft.starts, nowMs, calendar);
  if (startsMs === null) return { problem: "The start is no time." };
  const lengthMs = parseDuration(draft.duration);
  if (lengthMs === null || lengthMs <= 0) return { problem: "The duration is none: write 90m, 2h or 1d." };
  if (draft.author.trim() === "") return { problem: "Add your name, so that others know whom to ask." };
  if (draft.comment.trim() === "") return { problem: "Add a comment: why is it silenced?" };
  const changed = known && known.state !== "expired" ? known : undefined;
  const from = Math.max(startsMs, nowMs);
  return {
    silence: {
      ...(changed ? { id: changed.id } : {}),
      matchers,
      // The start of an active silence cannot be changed.
      startsMs: changed?.state === "active" ? changed.startsMs : from,
      endsMs: from + lengthMs,
      createdBy: draft.author.trim(),
      comment: draft.comment.trim(),
    },
  };
}

/** Without the rows that are still empty. */
export function filled(matchers: Matcher[]): Matcher[] {
  return matchers.filter(({ name, value }) => name !== "" || value !== "");
}
