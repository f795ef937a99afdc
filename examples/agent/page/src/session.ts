/** What the tab remembers: its session and the colour scheme. Storage may be refused; then a reload forgets. */

const SESSION = "agent.session";
const SCHEME = "agent.scheme";

export function sessionId(): string | null {
  try {
    return sessionStorage.getItem(SESSION);
  } catch {
    return null;
  }
}

export function keepSession(id: string | null) {
  try {
    if (id) sessionStorage.setItem(SESSION, id);
    else sessionStorage.removeItem(SESSION);
  } catch {
    // As above.
  }
}

/** Changes to the other scheme and keeps the choice. */
export function toggleScheme() {
  const root = document.documentElement;
  const isDark = root.dataset.scheme
    ? root.dataset.scheme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.scheme = isDark ? "light" : "dark";
  try {
    localStorage.setItem(SCHEME, root.dataset.scheme);
  } catch {
    // As above.
  }
}
