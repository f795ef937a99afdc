/** Global setup: waits until the server has run for some time, because one that just started has no data. */
import type { FullConfig } from "@playwright/test";
import { glasshouse } from "./environment";

export default async function waitForData({ metadata }: FullConfig) {
  for (;;) {
    const response = await fetch(`${glasshouse}/api/overview`);
    const { uptime_s } = await response.json();
    if (uptime_s >= metadata.uptimeSecondsMin) return;
    console.log(`waiting for data: ${Math.round(uptime_s)} of ${metadata.uptimeSecondsMin} s`);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
}
