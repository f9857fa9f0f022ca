import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../src/", import.meta.url));
const COMPONENT_LINES_MAX = 150;
const FILE_LINES_MAX = 400;

const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|js|svelte|css)$/.test(name))
  .map((name) => ({ name, source: readFileSync(ROOT + name, "utf8") }));

/** What each folder may import from; a folder may always import from itself. */
const ZONES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ["core"],
  api: ["core"],
  readers: ["core"],
  ui: ["core", "text.ts"],
  screens: ["core", "storage", "api", "readers", "ui", "text.ts"],
};

function importsOf(file: { name: string; source: string }): string[] {
  const found = [...file.source.matchAll(/from "(\.[^"]+)"/g)].map((match) => match[1] ?? "");
  return found.map((path) => new URL(path, `file:///${file.name}`).pathname.slice(1));
}

describe("house style", () => {
  it("keeps every component within 150 lines and every file within 400", () => {
    const long = files.filter(({ name, source }) => source.split("\n").length > (name.endsWith(".svelte") ? COMPONENT_LINES_MAX : FILE_LINES_MAX));

    expect(long.map(({ name }) => name)).toEqual([]);
  });

  it("lets each folder import only what lies below it", () => {
    const crossed = files.flatMap((file) => {
      const zone = file.name.split("/")[0] ?? "";
      const allowed = ZONES[zone];
      if (allowed === undefined) return [];
      return importsOf(file).filter((path) => ![zone, ...allowed].includes(path.split("/")[0] ?? "")).map((path) => `${file.name} → ${path}`);
    });

    expect(crossed).toEqual([]);
  });

  it("has raw colours in tokens.css only", () => {
    const coloured = files.filter(({ name, source }) => name !== "ui/tokens.css" && /#[0-9a-f]{3,8}\b(?![^<]*>)|rgba?\(|hsla?\(/i.test(source));

    expect(coloured.map(({ name }) => name)).toEqual([]);
  });

  it("uses logical directions and declared tokens", () => {
    const tokens = new Set([...(files.find(({ name }) => name === "ui/tokens.css")?.source ?? "").matchAll(/(--[\w-]+):/g)].map((match) => match[1]));
    const physical = files.filter(({ name, source }) => /\.(svelte|css)$/.test(name) && /(margin|padding|border)-(left|right|top|bottom)|\b(left|right): /.test(source));
    const unknown = files.flatMap(({ name, source }) => [...source.matchAll(/var\((--[\w-]+)/g)].filter((match) => !tokens.has(match[1] ?? "")).map((match) => `${name} ${match[1]}`));

    expect(physical.map(({ name }) => name)).toEqual([]);
    expect(unknown).toEqual([]);
  });

  it("has no cast, no any and no non-null assertion", () => {
    const loose = files.filter(({ name, source }) => name.endsWith(".ts") || name.endsWith(".svelte") ? /\bas (?!const\b)[A-Z{]|: any\b|<any>|\w!\.|\w!;/.test(source.replace(/\/\*[\s\S]*?\*\/|<style>[\s\S]*/g, "")) : false);

    expect(loose.map(({ name }) => name)).toEqual([]);
  });

  it("shows no sentence that is not in the catalogue", () => {
    const worded = files.filter(({ name, source }) => {
      if (!name.endsWith(".svelte") || name.startsWith("gallery/")) return false;
      const markup = source.replace(/<script[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, "").replace(/\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g, "");
      return /[>}]\s*[A-Za-zÀ-ÿ]{3,}[^<]*</.test(markup.replace(/=>/g, ""));
    });

    expect(worded.map(({ name }) => name)).toEqual([]);
  });
});
