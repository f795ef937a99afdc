/**
 * All types of panels with invented data, for whoever works on them: `npm run dev`, then `/mock/gallery/`.
 * `?theme=light` has the other colours, `?only=stat` one type. It is no part of the page.
 */
import "@mantine/core/styles.css";
import "../../src/theme/tokens.css";
import "../../src/theme/page.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { PanelView } from "../../src/panels/panel-view";
import { theme } from "../../src/theme/mantine";
import { RangeContext } from "../../src/time/context";
import { examples, RANGE } from "./examples";

const parameters = new URLSearchParams(location.search);
const only = parameters.get("only");
const scheme = parameters.get("theme") === "light" ? "light" : "dark";

function Gallery() {
  return (
    <RangeContext value={RANGE}>
      <main
        style={{
          display: "grid",
          gridTemplateColumns: "repeat(24, 1fr)",
          gridAutoRows: 30,
          gap: 8,
          padding: 8,
        }}
      >
        {examples
          .filter(({ type }) => only === null || only === type)
          .map(({ title, type, width, height, ...panel }, index) => (
            <section
              key={index}
              style={{
                gridColumn: `span ${width}`,
                gridRow: `span ${height}`,
                display: "flex",
                flexDirection: "column",
                minWidth: 0,
                background: "var(--gh-panel)",
                border: "1px solid var(--gh-line)",
                borderRadius: 6,
              }}
            >
              <header style={{ padding: "4px 12px", fontWeight: 550 }}>{title ?? type}</header>
              <div style={{ flex: 1, minHeight: 0 }}>
                <PanelView type={type} {...panel} />
              </div>
            </section>
          ))}
      </main>
    </RangeContext>
  );
}

const route = createRootRoute({ component: Gallery });
const router = createRouter({ routeTree: route, history: createMemoryHistory() });
createRoot(document.getElementById("root") as HTMLElement).render(
  <MantineProvider theme={theme} forceColorScheme={scheme}>
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>
  </MantineProvider>,
);
