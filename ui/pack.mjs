/**
 * Steps of the build of the package in the current folder: `clean` empties dist except for its .gitignore;
 * `licenses` writes the third-party licences; `pack` does that, compresses each text file with gzip and brotli for the
 * server, and prints all sizes.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { licenses } from "./licenses.mjs";

const DIST = "dist";
/** Compression does not pay for smaller files. */
const PACKED_BYTES_MIN = 1_024;

function clean() {
  for (const name of readdirSync(DIST)) {
    if (name !== ".gitignore") rmSync(join(DIST, name), { recursive: true, force: true });
  }
}

function packed(path) {
  const bytes = readFileSync(path);
  if (!/\.(js|css|html|svg|txt)$/.test(path) || bytes.length < PACKED_BYTES_MIN) {
    return { path, raw: bytes.length, gzip: bytes.length, brotli: bytes.length };
  }
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(`${path}.gz`, gzip);
  writeFileSync(`${path}.br`, brotli);
  return { path, raw: bytes.length, gzip: gzip.length, brotli: brotli.length };
}

function addLicenses() {
  writeFileSync(join(DIST, "licenses.txt"), licenses());
}

function pack() {
  addLicenses();
  const rows = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".gitignore")
    .map((entry) => packed(join(entry.parentPath, entry.name)))
    .sort((left, right) => right.gzip - left.gzip);
  const kb = (bytes) => (bytes / 1_024).toFixed(1).padStart(8);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  const lines = [
    "   raw KB    gz KB    br KB",
    ...rows.map((row) => `${kb(row.raw)} ${kb(row.gzip)} ${kb(row.brotli)}  ${row.path}`),
    `${kb(sum("raw"))} ${kb(sum("gzip"))} ${kb(sum("brotli"))}  all`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

const tasks = { clean, licenses: addLicenses, pack };
tasks[process.argv[2]]();
