/** Ties the parts together: the address chooses what is shown, the form starts tasks, vitals are reported. */
import { reportWebVitals } from "glasshouse-web-vitals";
import { follow, listTasks, startTask } from "./api";
import { ENDPOINT, frame } from "./frame";
import { empty, taskList } from "./history";
import { pageOf, routeOf, taskPath } from "./routes";
import { apply, isOver, newRun, type Run } from "./run";
import { keepSession, sessionId, toggleScheme } from "./session";
import "./style.css";
import { timeline } from "./timeline";

reportWebVitals({ endpoint: ENDPOINT, page: pageOf });

const glasshouse = address(document.querySelector<HTMLMetaElement>("meta[name=glasshouse-url]")?.content);
const parts = frame(glasshouse);
/** Ends following the task that is shown. */
let leave = () => {};
/** Ends it too, but keeps the picture. */
let stop = () => {};
let listing = new AbortController();

/** What the service wrote, if it is an address of the web. */
function address(text: string | undefined): string {
  return text && /^https?:\/\//.test(text) ? text.replace(/\/$/, "") : "";
}

function showAddress() {
  leave();
  leave = stop = () => {};
  const route = routeOf(location.pathname);
  if (route.name === "/tasks/:id") showTask(route.id, "");
  else {
    document.title = "Example agent";
    const [title, why] =
      route.name === "/"
        ? [
            "Nothing runs",
            "Start a task above: each iteration, model call, tool and token appears here as it happens.",
          ]
        : ["Nothing lives at this address", "Start a task above, or choose one of this session."];
    parts.view.replaceChildren(empty(title, why));
  }
  void showHistory();
}

function showTask(id: string, task: string) {
  const run = newRun();
  run.task = task;
  document.title = `${task || "Task"} · Example agent`;
  const picture = timeline(run, glasshouse, () => {
    leave();
    showTask(id, run.task);
  });
  parts.view.replaceChildren(picture.root);
  const end = (phase: Run["phase"]) => {
    if (isOver(run.phase)) return;
    run.phase = phase;
    picture.show(null);
    void showHistory();
  };
  leave = follow(id, {
    heard: (event) => {
      picture.show(apply(run, event));
      if (event.kind === "connected" && run.task) document.title = `${run.task} · Example agent`;
      if (event.kind === "connected" || event.kind === "done") void showHistory();
    },
    lost: () => end("lost"),
  });
  const close = leave;
  stop = () => {
    close();
    end("stopped");
  };
}

async function showHistory() {
  listing.abort();
  listing = new AbortController();
  const route = routeOf(location.pathname);
  const session = sessionId();
  try {
    const tasks = session ? await listTasks(session, listing.signal) : [];
    parts.history.replaceChildren(taskList(tasks, route.name === "/tasks/:id" ? route.id : null));
  } catch (error) {
    if (error instanceof DOMException) return;
    parts.history.replaceChildren(empty("The list cannot be read", words(error)));
  }
}

async function start(task: string) {
  parts.startButton.disabled = true;
  parts.refusal.hidden = true;
  try {
    const started = await startTask(task, sessionId());
    keepSession(started.sessionId);
    parts.box.value = "";
    leave();
    history.pushState(null, "", taskPath(started.taskId));
    showTask(started.taskId, task);
    void showHistory();
  } catch (error) {
    parts.refusal.textContent = words(error);
    parts.refusal.hidden = false;
  } finally {
    parts.startButton.disabled = false;
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

parts.form.addEventListener("submit", (event) => {
  event.preventDefault();
  const task = parts.box.value.trim();
  if (task && !parts.startButton.disabled) void start(task);
  else parts.box.focus();
});
parts.box.addEventListener("keydown", (event) => {
  // Enter also ends the composition of a character; that one starts nothing.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  parts.form.requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) stop();
});
document.addEventListener("click", (event) => {
  const link =
    event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-route]") : null;
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.pathname !== location.pathname) history.pushState(null, "", link.pathname);
  showAddress();
});
parts.newSession.addEventListener("click", () => {
  keepSession(null);
  history.pushState(null, "", "/");
  showAddress();
  parts.box.focus();
});
parts.scheme.addEventListener("click", toggleScheme);
window.addEventListener("popstate", showAddress);

document.querySelector("#root")?.replaceWith(parts.root);
showAddress();
if (routeOf(location.pathname).name === "/") parts.box.focus();
