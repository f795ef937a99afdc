/** Stores the colour scheme: system, dark or light. The parameter `?theme=` overrides it for one page load. */
import type { MantineColorSchemeManager } from "@mantine/core";

const KEY = "glasshouse.scheme";

function fromUrl(): "dark" | "light" | null {
  const wanted = new URLSearchParams(window.location.search).get("theme");
  return wanted === "dark" || wanted === "light" ? wanted : null;
}

export function schemeManager(): MantineColorSchemeManager {
  return {
    get: (fallback) => {
      const requested = fromUrl();
      if (requested) return requested;
      try {
        const stored = localStorage.getItem(KEY);
        return stored === "dark" || stored === "light" || stored === "auto" ? stored : fallback;
      } catch {
        return fallback;
      }
    },
    set: (value) => {
      try {
        localStorage.setItem(KEY, value);
      } catch {
        // Private windows may refuse storage; the choice then lasts until the page is closed.
      }
    },
    subscribe: () => {},
    unsubscribe: () => {},
    clear: () => {
      try {
        localStorage.removeItem(KEY);
      } catch {
        // As above.
      }
    },
  };
}
