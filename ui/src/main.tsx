/** Entry point of the page. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/http";
import { router } from "./routes";
import "./theme/mantine-styles";
import "./theme/tokens.css";
import "./theme/page.css";
import { cssVariables, theme } from "./theme/mantine";
import { schemeManager } from "./theme/scheme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Only a request that got no answer is retried, once: the server would reject an invalid query again.
      retry: (count, error) => error instanceof ApiError && error.kind === "unreachable" && count < 1,
      retryDelay: 600,
      refetchOnWindowFocus: false,
      staleTime: 30_000,
      gcTime: 120_000,
    },
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={schemeManager()}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
