/** A panel of any registered type: reads its options, and configures its fields. */
import { lazy, Suspense, useMemo } from "react";
import { applyFieldConfig, readFieldConfig } from "../data/field-config";
import type { PanelProps } from "./panel";
import { panelOf } from "./registry";

const UnsupportedPanel = lazy(() => import("./unsupported/panel"));

interface Props extends Omit<PanelProps, "options"> {
  /** An id of the registry; the data of another type is shown as a table. */
  type: string;
  /** The options of the type, as in the JSON of a board. */
  options?: unknown;
  fieldConfig?: unknown;
}

export function PanelView({ type, frames, options, fieldConfig, ...rest }: Props) {
  const panel = panelOf(type);
  const read = useStable(options, panel?.readOptions ?? nothing);
  const config = useStable(fieldConfig, readFieldConfig);
  const configured = useMemo(() => applyFieldConfig(frames, config), [frames, config]);
  return (
    <Suspense fallback={<div style={{ height: rest.height }} />}>
      {panel ? (
        <panel.Component frames={configured} options={read} {...rest} />
      ) : (
        <UnsupportedPanel type={type} frames={configured} height={rest.height} />
      )}
    </Suspense>
  );
}

const nothing = (): unknown => undefined;

/** What is read of JSON stays the same while the JSON has the same content. */
function useStable<Read>(json: unknown, read: (value: unknown) => Read): Read {
  const key = JSON.stringify(json);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key has the content of the JSON
  return useMemo(() => read(json), [key, read]);
}
