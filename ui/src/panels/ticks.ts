/** Round values for the ticks of an axis. */

/** About `count` ticks from `min` to `max`, at multiples of 1, 2 or 5 and a power of ten. */
export function valueTicks(min: number, max: number, count: number): number[] {
  if (!(max > min) || !Number.isFinite(max - min) || count < 1) return [];
  const wanted = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= wanted * 0.999) ?? 10) * power;
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
