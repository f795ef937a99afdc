/** The key `s` silences an alert. */
import { useNavigate } from "@tanstack/react-router";
import type { Alert } from "../../alerts/alert";
import { useShortcuts } from "../../shell/keyboard";

export function useSilenceKey(alert: Alert | undefined): void {
  const navigate = useNavigate();
  useShortcuts(
    alert
      ? [
          {
            keys: "s",
            label: "Silence the alert",
            group: "Alerts",
            run: () => void navigate({ to: "/alerts/silences/new", search: { filter: alert.key } }),
          },
        ]
      : [],
  );
}
