/** The parts of the page that are always there. */
import { element } from "./element";

export const ENDPOINT = "/api/metrics/web-vitals";

/** Tasks to begin with: one with several tools, one with arithmetic, one that cannot work. */
const EXAMPLES = [
  "What is the weather in Oslo today?",
  "How much is 17 % of 2,340 plus 12?",
  "Read a file that is not there",
];

export interface Frame {
  readonly root: HTMLElement;
  readonly form: HTMLFormElement;
  readonly box: HTMLTextAreaElement;
  readonly startButton: HTMLButtonElement;
  readonly refusal: HTMLElement;
  readonly view: HTMLElement;
  readonly history: HTMLElement;
  readonly newSession: HTMLButtonElement;
  readonly scheme: HTMLButtonElement;
}

export function frame(glasshouse: string): Frame {
  const scheme = element("button", { type: "button", class: "quiet", title: "Dark or light" }, "◐");
  scheme.setAttribute("aria-label", "Dark or light");
  const newSession = element("button", { type: "button", class: "quiet" }, "New session");
  const box = element("textarea", { id: "task", rows: "2", maxlength: "4000", "aria-describedby": "keys" });
  box.placeholder = "What shall the agent do?";
  const startButton = element("button", { type: "submit", class: "primary" }, "Start");
  const refusal = element("p", { class: "refusal", role: "alert", hidden: "" });
  const form = element(
    "form",
    { class: "panel composer" },
    element("label", { for: "task", class: "hidden" }, "Task"),
    box,
    element("div", { class: "row" }, keys(), startButton),
    refusal,
    examples(box),
  );
  const view = element("div", { class: "view" });
  const history = element("div", {});
  const aside = element(
    "aside",
    { class: "panel" },
    element("header", {}, element("h2", {}, "This session"), newSession),
    history,
  );
  const root = element(
    "div",
    { class: "page" },
    element("header", { class: "bar" }, brand(), scheme),
    element("main", {}, form, view),
    aside,
    vitalsLine(glasshouse),
  );
  return { root, form, box, startButton, refusal, view, history, newSession, scheme };
}

function brand(): HTMLElement {
  const icon = element("img", { src: "/icon.svg", alt: "", width: "22", height: "22" });
  const name = element("span", {}, "Example agent");
  const about = element("small", {}, "watched by Glasshouse");
  return element("a", { href: "/", "data-route": "", class: "brand" }, icon, name, about);
}

function keys(): HTMLElement {
  const key = (name: string) => element("kbd", {}, name);
  return element(
    "span",
    { id: "keys", class: "hint" },
    key("Enter"),
    " starts, ",
    key("Esc"),
    " stops following",
  );
}

function examples(box: HTMLTextAreaElement): HTMLElement {
  const buttons = EXAMPLES.map((task) => {
    const button = element("button", { type: "button", class: "example" }, task);
    button.addEventListener("click", () => {
      box.value = task;
      box.focus();
    });
    return button;
  });
  return element("div", { class: "examples", "aria-label": "Examples" }, ...buttons);
}

function vitalsLine(glasshouse: string): HTMLElement {
  const line = element(
    "p",
    {},
    "When you hide or leave this page, it reports its Web Vitals (LCP, INP, CLS, FCP, TTFB) to ",
    element("code", {}, `POST ${ENDPOINT}`),
    ": values and the name of the page, nothing about you.",
  );
  const link = element(
    "a",
    { href: `${glasshouse}/explore/metrics`, target: "_blank" },
    "See them in Glasshouse ↗",
  );
  return element("footer", { class: "vitals" }, line, glasshouse ? link : null);
}
