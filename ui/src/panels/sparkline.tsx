/** A small line chart without axes. */

interface Props {
  values: number[];
  label: string;
  color: string;
  width?: number;
  height?: number;
  /** The value at the foot. */
  from?: number;
}

export function Sparkline({ values, label, color, width = 200, height = 36, from = 0 }: Props) {
  if (values.length < 2) return <div style={{ height }} aria-hidden="true" />;
  const span = Math.max(...values.map((value) => value - from), 1e-9);
  const x = (index: number) => (index / (values.length - 1)) * width;
  const y = (value: number) => height - 2 - (Math.max(0, value - from) / span) * (height - 5);
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      style={{ width: "100%", height, display: "block" }}
    >
      <polygon points={`0,${height} ${line} ${width},${height}`} fill={color} fillOpacity="0.12" />
      <polyline
        points={line}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
