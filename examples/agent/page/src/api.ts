/** Asks the agent service. Answers are read without trust; what goes wrong is an Error with words for a person. */
import { type AgentEvent, KINDS, readEvent } from "./events";

export interface Started {
  readonly taskId: string;
  readonly sessionId: string;
}

export interface PastTask {
  readonly id: string;
  readonly task: string;
  /** `running`, `success`, `error`, `cancelled`; empty when the service does not say. */
  readonly state: string;
}

const TASKS_MAX = 100;

export async function startTask(task: string, sessionId: string | null): Promise<Started> {
  const body = JSON.stringify(sessionId ? { task, session_id: sessionId } : { task });
  const headers = { "Content-Type": "application/json" };
  const answer = await ask("/api/tasks", { method: "POST", headers, body });
  const { task_id: taskId, session_id: session } = fields(answer);
  if (typeof taskId !== "string" || taskId === "") throw new Error("The agent answered without a task id.");
  return { taskId, sessionId: typeof session === "string" ? session : (sessionId ?? "") };
}

/** The tasks of a session, newest first, as the service lists them. */
export async function listTasks(sessionId: string, signal: AbortSignal): Promise<PastTask[]> {
  const answer = await ask(`/api/sessions/${encodeURIComponent(sessionId)}/tasks`, { signal });
  return readTasks(answer);
}

export function readTasks(answer: unknown): PastTask[] {
  const list = Array.isArray(answer) ? answer : fields(answer).tasks;
  if (!Array.isArray(list)) return [];
  return list.slice(0, TASKS_MAX).flatMap((entry: unknown) => {
    const { task_id: id, task, state } = fields(entry);
    if (typeof id !== "string" || id === "") return [];
    return [
      { id, task: typeof task === "string" ? task : "", state: typeof state === "string" ? state : "" },
    ];
  });
}

/** What a follower hears of. */
export interface Follower {
  heard(event: AgentEvent): void;
  /** The connection ended without `done`. */
  lost(): void;
}

/** Follows a task's events until `done`, or until the function that it answers is called. */
export function follow(taskId: string, follower: Follower): () => void {
  const source = new EventSource(`/api/tasks/${encodeURIComponent(taskId)}/events`);
  for (const kind of KINDS) {
    source.addEventListener(kind, (message) => {
      // "error" is also what a browser calls the end of a connection; that event has no data. Left open, it would
      // connect again and the whole history would come twice.
      if (!(message instanceof MessageEvent)) {
        source.close();
        follower.lost();
        return;
      }
      if (kind === "done") source.close();
      follower.heard(readEvent(kind, String(message.data)));
    });
  }
  return () => source.close();
}

async function ask(path: string, options: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error("The agent does not answer. Is the service running?");
  }
  const text = await response.text();
  if (!response.ok) throw new Error(refusal(response.status, text));
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The agent answered with something that is not JSON.");
  }
}

/** The service's own words where it has some. */
export function refusal(status: number, text: string): string {
  let words = text.trim();
  try {
    const { error, message } = fields(JSON.parse(text));
    words = [message, fields(error).message, error].find((value) => typeof value === "string") as string;
  } catch {
    if (words.startsWith("<")) words = "";
  }
  return words ? `The agent refused: ${words.slice(0, 300)}` : `The agent answered ${status}.`;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
