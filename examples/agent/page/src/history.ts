/** The list of a session's tasks. */
import type { PastTask } from "./api";
import { element } from "./element";
import { taskPath } from "./routes";

export function taskList(tasks: readonly PastTask[], current: string | null): HTMLElement {
  if (tasks.length === 0)
    return empty("No tasks yet", "Each task that you start in this session is listed here, newest first.");
  const rows = tasks.map(({ id, task, state }) => {
    const chosen: Record<string, string> = id === current ? { "aria-current": "page" } : {};
    const dot = element("span", { class: "dot", "data-phase": state, title: state || "unknown" });
    return element(
      "li",
      {},
      element("a", { href: taskPath(id), "data-route": "", ...chosen }, dot, element("span", {}, task || id)),
    );
  });
  return element("ul", { class: "tasks" }, ...rows);
}

export function empty(title: string, why: string): HTMLElement {
  return element("div", { class: "empty" }, element("strong", {}, title), element("p", {}, why));
}
