/** Which colour scheme is wanted: system, dark or light; `?theme=` wins for one page view. */
import type { MantineColorSchemeManager } from "@mantine/core";

const KEY = "glasshouse.scheme";

function fromAddress(): "dark" | "light" | null {
  const wanted = new URLSearchParams(window.location.search).get("theme");
  return wanted === "dark" || wanted === "light" ? wanted : null;
}

export function schemeManager(): MantineColorSchemeManager {
  return {
    get: (fallback) => {
      const address = fromAddress();
      if (address) return address;
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
        // Private windows may refuse storage; the choice then lasts for this page.
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
