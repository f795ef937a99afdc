/** The menu of a value: filter, group, copy, and open it elsewhere. Of several values, one is chosen first. */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Ref, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { labelNames } from "../api/prometheus";
import { tagNames } from "../api/tempo";
import { copyLabel, useCopy } from "../components/copy-button";
import { Icon, type IconName } from "../components/icon";
import { actionsOf, type Target, type ValueActions } from "../query/actions";
import type { KnownNames } from "../query/translate";
import { useRange } from "../time/context";
import { useValueContext } from "./query-context";
import { languageOf, type ScopedValue, shownName } from "./value";
import classes from "./value-menu.module.css";

interface Props {
  anchor: RefObject<HTMLElement | null>;
  values: ScopedValue[];
  refId: string | undefined;
  close: () => void;
}

const FRESH_MS = 300_000;
const COPIED_MS = 700;
const NO_NAMES: string[] = [];

export default function ValueMenuContent({ anchor, values, refId, close }: Props) {
  const [chosen, setChosen] = useState(values.length === 1 ? values[0] : undefined);
  const dropdown = useRef<HTMLDivElement>(null);
  // Other items take the place of the one that was chosen, and of the focus.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && chosen) dropdown.current?.querySelector<HTMLElement>("[data-menu-item]")?.focus();
    first.current = false;
  }, [chosen]);
  return (
    <Menu
      opened
      onChange={(opened) => !opened && close()}
      // The kit closes it before the key is stopped, which would then also close what is below.
      closeOnEscape={false}
      position="bottom-start"
      floatingStrategy="fixed"
      withinPortal
      // Within the landmark of the view, and not cut by the table that the value is in.
      portalProps={{ target: document.getElementById("content") ?? document.body }}
      transitionProps={{ duration: 0 }}
    >
      <Menu.Target>
        <Anchor element={anchor} />
      </Menu.Target>
      <Menu.Dropdown
        ref={dropdown}
        className={classes.menu}
        // Letters choose an item, and are no shortcuts of the page.
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") close();
        }}
        onClick={(event) => event.stopPropagation()}
      >
        {chosen ? (
          <Actions value={chosen} refId={refId} close={close} />
        ) : (
          values.map((value, index) => (
            <Menu.Item
              key={`${value.scope} ${shownName(value)} ${index}`}
              closeMenuOnClick={false}
              onClick={() => setChosen(value)}
            >
              <span className={classes.value}>
                <span>{shownName(value)}</span>
                <code>{value.text.slice(0, 80)}</code>
              </span>
            </Menu.Item>
          ))
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Places the menu at an element that is there already. */
function Anchor({ ref, element }: { ref?: Ref<HTMLElement>; element: RefObject<HTMLElement | null> }) {
  useLayoutEffect(() => {
    if (typeof ref === "function") ref(element.current);
    else if (ref) (ref as RefObject<HTMLElement | null>).current = element.current;
  }, [ref, element]);
  return null;
}

function useKnownNames(): KnownNames {
  const tags = useQuery({
    queryKey: ["tag names"],
    queryFn: ({ signal }) => tagNames(signal),
    staleTime: FRESH_MS,
    retry: false,
  });
  const labels = useQuery({
    queryKey: ["label names"],
    queryFn: ({ signal }) => labelNames({}, signal),
    staleTime: FRESH_MS,
    retry: false,
  });
  return useMemo(
    () => ({ tags: tags.data ?? [], labels: labels.data ?? NO_NAMES }),
    [tags.data, labels.data],
  );
}

const ICONS: Record<ValueActions["open"][number]["view"], IconName> = {
  Metrics: "metrics",
  Logs: "logs",
  Traces: "traces",
  SQL: "sql",
};

function Actions({
  value,
  refId,
  close,
}: {
  value: ScopedValue;
  refId: string | undefined;
  close: () => void;
}) {
  const known = useKnownNames();
  const context = useValueContext();
  const { range: pageRange } = useRange();
  const actions = useMemo(
    () => actionsOf(value, { ...context, refId, pageRange, known }),
    [value, context, refId, pageRange, known],
  );
  const name = shownName(value);
  // A view without a query of the language of the value leads to the one that has it.
  const elsewhere = context.query?.language !== languageOf(value.scope);
  return (
    <>
      <Menu.Label className={classes.title}>
        {name}={value.text.slice(0, 120)}
      </Menu.Label>
      <Open icon="plus" label="Filter for this value" target={actions.find} elsewhere={elsewhere} />
      <Open icon="minus" label="Filter out this value" target={actions.exclude} elsewhere={elsewhere} />
      <Open icon="group" label={`Group by ${name}`} target={actions.groupBy} elsewhere={elsewhere} />
      <Copy text={value.text} close={close} />
      {(actions.open.length > 0 || actions.traceId) && <Menu.Divider />}
      {actions.traceId && (
        <Menu.Item
          component={Link}
          to="/trace/$traceId"
          params={{ traceId: actions.traceId } as never}
          leftSection={<Icon name="traces" size={13} />}
        >
          Open the trace
        </Menu.Item>
      )}
      {actions.open.map(({ view, target }) => (
        <Open key={view} icon={ICONS[view]} label={`Open in ${view}`} target={target} />
      ))}
    </>
  );
}

const VIEWS: Record<Target["to"], string> = {
  "/explore/metrics": "Metrics",
  "/explore/logs": "Logs",
  "/explore/traces": "Traces",
  "/explore/sql": "SQL",
};

function Open(props: { icon: IconName; label: string; target: Target | null; elsewhere?: boolean }) {
  const { icon, label, target, elsewhere = false } = props;
  if (!target) return null;
  return (
    <Menu.Item
      component={Link}
      to={target.to}
      search={target.search as never}
      preload={false}
      leftSection={<Icon name={icon} size={13} />}
      rightSection={elsewhere ? <small>{VIEWS[target.to]}</small> : undefined}
    >
      {label}
    </Menu.Item>
  );
}

function Copy({ text, close }: { text: string; close: () => void }) {
  const [state, copy] = useCopy(() => text);
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (state !== "done") return;
    const timer = setTimeout(() => latest.current(), COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <Menu.Item
      closeMenuOnClick={false}
      leftSection={<Icon name={state === "done" ? "check" : "copy"} size={13} />}
      onClick={() => void copy()}
    >
      <span aria-live="polite">{copyLabel(state, "Copy the value")}</span>
    </Menu.Item>
  );
}
