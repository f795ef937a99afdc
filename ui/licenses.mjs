/** The licences of all packages that a build ships, for `dist/licenses.txt`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the lock file. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The path of a package as Node resolves it from another package; null when it is not installed. */
function resolved(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const path = folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`;
    if (packages[path]) return packages[path].link ? packages[path].resolved : path;
    if (!folder) return null;
  }
}

/** The transitive runtime dependencies of the package in the current folder, sorted by path. */
function shipped() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const reached = new Set([relative(ROOT, process.cwd()).replaceAll("\\", "/")]);
  for (const from of reached) {
    const { dependencies, peerDependencies, peerDependenciesMeta } = packages[from];
    for (const name of Object.keys({ ...peerDependencies, ...dependencies })) {
      if (peerDependenciesMeta?.[name]?.optional) continue;
      const path = resolved(packages, from, name);
      if (path) reached.add(path);
    }
  }
  // Packages of this repository carry the repository's licence.
  return [...reached]
    .filter((path) => path.includes("node_modules/"))
    .map((path) => join(ROOT, path))
    .filter(existsSync)
    .sort();
}

function licence(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying|ofl)/i.test(entry));
  const text = file ? readFileSync(join(path, file), "utf8").trim() : "(the package has no licence file)";
  return { title: `${name} ${version} (${license ?? "see below"})`, text };
}

/** Equal texts are printed once, after the names of all packages that have them. */
export function licenses() {
  const byText = new Map();
  for (const { title, text } of shipped().map(licence))
    byText.set(text, [...(byText.get(text) ?? []), title]);
  const line = "-".repeat(80);
  return `${[...byText].map(([text, titles]) => `${titles.join("\n")}\n\n${text}`).join(`\n\n${line}\n\n`)}\n`;
}
