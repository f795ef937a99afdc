/** How the page is built and, for development, where its requests go. */
import { defineConfig } from "vitest/config";

declare const process: { env: Record<string, string | undefined> };

const target = process.env.AGENT_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/",
  build: {
    target: "es2023",
    // The service may forbid data: addresses.
    assetsInlineLimit: 0,
    // `dist/.gitignore` keeps the folder alive for a build without Node.
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { port: 5174, proxy: { "/api": { target, changeOrigin: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
