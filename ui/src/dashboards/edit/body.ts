/** Where the dashboard itself is in its JSON, which may be wrapped, and where its settings are. */
import { record } from "../../api/decode";
import { type Path, valueAt, withValue } from "./json";

export type Form = "classic" | "v2";

export interface Body {
  path: Path;
  form: Form;
}

/** The same rules as those of the reader. */
export function bodyOf(json: unknown, path: Path = []): Body {
  const { apiVersion, spec, dashboard, ...given } = record(json);
  if (typeof apiVersion === "string") {
    const v2 = Object.hasOwn(record(spec), "elements") || apiVersion.includes("/v2");
    return { path: [...path, "spec"], form: v2 ? "v2" : "classic" };
  }
  if (Object.hasOwn(given, "elements") && Object.hasOwn(given, "layout")) return { path, form: "v2" };
  const wrapped = Object.keys(record(dashboard)).length > 0 && !Object.hasOwn(given, "panels");
  return wrapped && path.length < 3 ? bodyOf(dashboard, [...path, "dashboard"]) : { path, form: "classic" };
}

/** The settings that have another place in each form. */
const SETTINGS = {
  title: { classic: ["title"], v2: ["title"] },
  description: { classic: ["description"], v2: ["description"] },
  tags: { classic: ["tags"], v2: ["tags"] },
  from: { classic: ["time", "from"], v2: ["timeSettings", "from"] },
  to: { classic: ["time", "to"], v2: ["timeSettings", "to"] },
  refresh: { classic: ["refresh"], v2: ["timeSettings", "autoRefresh"] },
  timezone: { classic: ["timezone"], v2: ["timeSettings", "timezone"] },
  crosshair: { classic: ["graphTooltip"], v2: ["cursorSync"] },
  variables: { classic: ["templating", "list"], v2: ["variables"] },
  annotations: { classic: ["annotations", "list"], v2: ["annotations"] },
  links: { classic: ["links"], v2: ["links"] },
} satisfies Record<string, Record<Form, Path>>;

export type Setting = keyof typeof SETTINGS;

export function settingOf(json: unknown, setting: Setting): unknown {
  const { path, form } = bodyOf(json);
  return valueAt(json, [...path, ...SETTINGS[setting][form]]);
}

export function withSetting(json: unknown, setting: Setting, value: unknown): unknown {
  const { path, form } = bodyOf(json);
  return withValue(json, [...path, ...SETTINGS[setting][form]], value);
}
