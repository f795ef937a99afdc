/** The height of a chart that is the main part of its view: a part of the window. */
import { useViewportSize } from "@mantine/hooks";

export function useChartHeight(): number {
  const { height } = useViewportSize();
  return Math.round(Math.min(480, Math.max(260, (height || window.innerHeight) * 0.42)));
}
