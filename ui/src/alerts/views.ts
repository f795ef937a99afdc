/** The views of Alerts. */
export const ALERT_VIEWS = [
  { to: "/alerts", label: "Alerts" },
  { to: "/alerts/rules", label: "Rules" },
  { to: "/alerts/silences", label: "Silences" },
  { to: "/alerts/routes", label: "Routes" },
  { to: "/alerts/notifications", label: "Notifications" },
  { to: "/alerts/replay", label: "Replay" },
] as const;
