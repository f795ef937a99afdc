/** The parts of the settings, by the values of the URL. */
export const SETTINGS_VIEWS = [
  { value: "settings", label: "General" },
  { value: "variables", label: "Variables" },
  { value: "links", label: "Links" },
  { value: "annotations", label: "Annotations" },
  { value: "json", label: "JSON" },
  { value: "history", label: "History" },
] as const;
