/** Empties dist/assets before a build (`clean`), or prints what each chunk weighs (`report`). */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";

if (process.argv[2] === "clean") {
  rmSync("dist/assets", { recursive: true, force: true });
} else {
  const rows = readdirSync("dist/assets")
    .filter((name) => /\.(js|css|woff2)$/.test(name))
    .map((name) => {
      const bytes = readFileSync(`dist/assets/${name}`);
      const sent = name.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
      return { name, raw: bytes.length, sent };
    })
    .sort((left, right) => right.sent - left.sent);
  const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`.padStart(10);
  for (const row of rows) process.stdout.write(`${kb(row.raw)} ${kb(row.sent)} gz  ${row.name}\n`);
  const total = rows.reduce((sum, row) => sum + row.sent, 0);
  process.stdout.write(`${" ".repeat(10)} ${kb(total)} gz  all\n`);
}
