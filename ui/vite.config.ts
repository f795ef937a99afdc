/** How the page is built and, for development, where its requests go. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

declare const process: { env: Record<string, string | undefined> };

const target = process.env.GLASSHOUSE_URL ?? "http://127.0.0.1:3000";
const prefixes = ["/api", "/prometheus", "/loki", "/tempo", "/jaeger"];

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    target: "es2023",
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    // `dist/.gitignore` keeps the folder alive for a build without Node.
    emptyOutDir: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(prefixes.map((prefix) => [prefix, { target, changeOrigin: true }])),
  },
  test: {
    environment: "node",
    css: true,
    include: ["src/**/*.test.ts"],
    // A loaded machine is many times slower than an idle one.
    testTimeout: 60_000,
  },
});
