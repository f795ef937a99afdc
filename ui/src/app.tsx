/** The whole page: theme, server state and router. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "./api/http";
import type { createPageRouter } from "./routes";
import { cssVariables, theme } from "./theme/mantine";
import { schemeManager } from "./theme/scheme";

interface Props {
  router: ReturnType<typeof createPageRouter>;
  /** `test` shows popovers and dialogs without transitions. */
  env?: "test";
}

export function App({ router, env }: Props) {
  const [client] = useState(createQueryClient);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={schemeManager()}
      env={env ?? "default"}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function createQueryClient(): QueryClient {
  return new QueryClient({
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
}
