/** The licences of everything that the build ships, as one text: `dist/licenses.txt`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Packages of package-lock.json that are no development tools, in order of names. */
function shipped() {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  return Object.entries(packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && !entry.optional && existsSync(path))
    .map(([path]) => path)
    .sort();
}

function licence(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying|ofl)/i.test(entry));
  const text = file ? readFileSync(join(path, file), "utf8").trim() : "(the package has no licence file)";
  return { title: `${name} ${version} (${license ?? "see below"})`, text };
}

/** Equal texts are printed once, under all names that they belong to. */
export function licenses() {
  const byText = new Map();
  for (const { title, text } of shipped().map(licence))
    byText.set(text, [...(byText.get(text) ?? []), title]);
  const line = "-".repeat(80);
  return `${[...byText].map(([text, titles]) => `${titles.join("\n")}\n\n${text}`).join(`\n\n${line}\n\n`)}\n`;
}
