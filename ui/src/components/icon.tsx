/** The icons of the page: 16 by 16, drawn in the colour of the surrounding text. */
import type { ReactNode } from "react";

const SHAPES = {
  home: <path d="M2.5 7.2 8 2.5l5.5 4.7M4 6.5v7h8v-7M6.7 13.5V9.8h2.6v3.7" />,
  dashboards: <path d="M2.5 2.5h4.6v6H2.5ZM9.4 2.5h4.1v3.2H9.4ZM9.4 8h4.1v5.5H9.4ZM2.5 10.8h4.6v2.7H2.5Z" />,
  metrics: <path d="M2 13.5h12M2.5 10.5 6 6.5l2.7 2.3 4.8-5.3" />,
  logs: <path d="M2.5 3.5h11M2.5 6.5h8M2.5 9.5h11M2.5 12.5h6" />,
  traces: <path d="M2 3.5h9M4.5 6.5h7M6.5 9.5h4M9 12.5h5" strokeWidth="1.9" />,
  sql: (
    <path d="M13 4c0 1.1-2.2 2-5 2S3 5.1 3 4s2.2-2 5-2 5 .9 5 2Zm0 0v8c0 1.1-2.2 2-5 2s-5-.9-5-2V4m10 4c0 1.1-2.2 2-5 2S3 9.1 3 8" />
  ),
  targets: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0-2.9v-.2" />,
  cardinality: <path d="M2.5 3.5h11M2.5 8h7M2.5 12.5h3.5" strokeWidth="2.4" />,
  alerts: (
    <path d="M8 2.2a3.8 3.8 0 0 1 3.8 3.8c0 3.6 1.4 4.8 1.4 5.2H2.8c0-.4 1.4-1.6 1.4-5.2A3.8 3.8 0 0 1 8 2.2ZM6.6 13.5c.3.5.8.8 1.4.8s1.1-.3 1.4-.8" />
  ),
  silence: (
    <path d="M4.6 4.3C4.3 4.8 4.2 5.4 4.2 6c0 3.6-1.4 4.8-1.4 5.2h8.7M6 2.8A3.8 3.8 0 0 1 11.8 6c0 1.5.2 2.6.6 3.4M6.6 13.5c.3.5.8.8 1.4.8s1.1-.3 1.4-.8M2 2l12 12" />
  ),
  search: <path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14" />,
  clock: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6" />,
  refresh: <path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3" />,
  left: <path d="M10 3.5 5.5 8l4.5 4.5" />,
  right: <path d="M6 3.5 10.5 8 6 12.5" />,
  down: <path d="M3.5 6 8 10.5 12.5 6" />,
  up: <path d="M3.5 10 8 5.5 12.5 10" />,
  zoomOut: <path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14M5 7h4" />,
  sun: (
    <path d="M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7" />
  ),
  moon: <path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z" />,
  system: <path d="M2 3h12v8H2ZM6 13.5h4M8 11v2.5" />,
  help: <path d="M6 6.1C6 4.9 6.9 4 8 4s2 .8 2 1.9c0 1.4-2 1.7-2 3.1M8 11.8v.2" />,
  copy: <path d="M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3" />,
  check: <path d="m3 8.5 3.3 3.3L13 5" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  play: <path d="M4.5 3v10l8-5Z" fill="currentColor" />,
  filter: <path d="M2 3h12L9.5 8.5V13l-3-1.5v-3Z" />,
  link: (
    <path d="M6.5 9.5 9.5 6.5M7 4.5 8.5 3A3.2 3.2 0 0 1 13 7.5L11.5 9M9 11.5 7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7" />
  ),
  warning: <path d="M8 2.5 14.5 13.5h-13ZM8 6.5v3.3M8 11.6v.2" />,
  error: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.5M8 10.8v.2" />,
  table: <path d="M2 3h12v10H2ZM2 6.5h12M2 10h12M6.5 6.5V13" />,
  star: <path d="m8 2 1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5Z" />,
  info: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5V11M8 5v.2" />,
  more: <path d="M3 8h.1M8 8h.1M13 8h.1" strokeWidth="2.4" />,
  eye: (
    <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm6.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z" />
  ),
  eyeOff: <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM3 13 13 3" />,
  drag: <path d="M6 4h.1M6 8h.1M6 12h.1M10 4h.1M10 8h.1M10 12h.1" strokeWidth="2.2" />,
  group: <path d="M2 3h4v4H2ZM2 9.5h4v4H2ZM9 5h5M9 11.5h5" />,
  sidebar: <path d="M2 3h12v10H2ZM6 3v10" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: "none", display: "block" }}
    >
      {SHAPES[name]}
    </svg>
  );
}

export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      aria-hidden="true"
      style={{ flex: "none", display: "block" }}
    >
      <path d="M16 3 29 12v17H3V12Z" fill="var(--gh-accent)" />
      <path
        d="M16 3v26M3 12h26M9.5 12v17M22.5 12v17"
        stroke="var(--gh-panel)"
        strokeOpacity=".8"
        strokeWidth="1.8"
        fill="none"
      />
    </svg>
  );
}
