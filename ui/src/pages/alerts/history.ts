/** The states of alerts over time, from the series `ALERTS`, which has a series for each state. */

import { ownLabels } from "../../alerts/alert";
import type { Labels } from "../../api/prometheus";
import { type Frame, frameOf, numberFields, timeField } from "../../data/frame";

/** One frame for each alert, with its state as text. */
export function historyFrames(frames: Frame[], wanted: Labels | undefined): Frame[] {
  const byAlert = new Map<
    string,
    { labels: Labels; states: Map<number, string>; interval: number | undefined }
  >();
  for (const frame of frames) {
    const time = timeField(frame);
    const [field] = numberFields(frame);
    if (!time || !field) continue;
    const { alertstate = "", __name__: _name, ...labels } = field.labels ?? {};
    if (wanted && !isSame(labels, wanted)) continue;
    const key = JSON.stringify(Object.entries(labels).sort());
    const known = byAlert.get(key) ?? {
      labels,
      states: new Map<number, string>(),
      interval: time.config.interval,
    };
    // At the step of a change both have a value, because a series is read some minutes back.
    for (const ms of time.values) if (known.states.get(ms) !== "firing") known.states.set(ms, alertstate);
    byAlert.set(key, known);
  }
  const alerts = [...byAlert.values()];
  const names = shortNames(alerts.map(({ labels }) => labels));
  return alerts.map(({ states, interval }, index) => {
    const times = [...states.keys()].sort((left, right) => left - right);
    return frameOf([
      { name: "Time", type: "time", values: times, config: interval ? { interval } : {} },
      {
        name: names[index] || "state",
        type: "string",
        values: times.map((ms) => states.get(ms) ?? null),
        config: {},
      },
    ]);
  });
}

/** The values of the labels that differ: the others say nothing, and take the space of the states. */
function shortNames(all: Labels[]): string[] {
  const [first = {}] = all;
  const same = (name: string) => all.every((labels) => labels[name] === first[name]);
  return all.map((labels) =>
    ownLabels({ labels })
      .filter(([name]) => !same(name))
      .map(([, value]) => value)
      .join(" "),
  );
}

/** The alert may have labels that were added on its way to Alertmanager. */
function isSame(labels: Labels, wanted: Labels): boolean {
  return Object.entries(labels).every(([name, value]) => wanted[name] === value);
}
