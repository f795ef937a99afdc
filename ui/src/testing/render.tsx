/** Renders a single component, or the whole page against a stubbed server. */
import { MantineProvider } from "@mantine/core";
import { createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { App } from "../app";
import { createPageRouter } from "../routes";
import { theme } from "../theme/mantine";

/** A component that needs the theme, and no router. */
export function renderComponent(component: ReactNode) {
  const wrap = (children: ReactNode) => (
    <MantineProvider theme={theme} env="test">
      {children}
    </MantineProvider>
  );
  const { rerender } = render(wrap(component));
  return { user: userEvent.setup({ delay: null }), rerender: (next: ReactNode) => rerender(wrap(next)) };
}

/** Bodies of answers, or functions of the path and the request, by the start of their path; every other answer is `{}`. */
export type Answers = Record<string, unknown>;

/** The page at a URL. `search()` is the query string of the current URL. */
export function renderPage(url: string, answers: Answers = {}) {
  vi.stubGlobal("fetch", async (path: string, request?: RequestInit) => {
    const found = Object.entries(answers).find(([prefix]) => path.startsWith(prefix));
    const given = found ? found[1] : {};
    const body: unknown = typeof given === "function" ? await given(path, request) : given;
    return body instanceof Response ? body.clone() : Response.json(body);
  });
  const router = createPageRouter(createMemoryHistory({ initialEntries: [url] }));
  render(<App router={router} env="test" />);
  return {
    user: userEvent.setup({ delay: null }),
    path: () => router.state.location.pathname,
    back: () => router.history.back(),
    search: () => router.state.location.search as Record<string, unknown>,
  };
}
