import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const TEMPLATE = fileURLToPath(new URL("../src/sw.js", import.meta.url));

/** Files of `public/`, which the bundler copies as they are and therefore does not list. */
const PUBLIC_FILES = ["/icon.svg", "/manifest.webmanifest"];

/** Fill the worker's two blanks: the files to keep, sorted, and a name that changes when any of them does. */
export function fillWorker(template: string, files: ReadonlyMap<string, string | Uint8Array>): string {
  const digest = createHash("sha256");
  const names = [...files.keys()].sort();
  for (const name of names) digest.update(name).update(files.get(name) ?? "");
  return template
    .replace("self.__VERSION", JSON.stringify(`baguier-${digest.digest("hex").slice(0, 16)}`))
    .replace("self.__PRECACHE", JSON.stringify(names));
}

/** Emit `/sw.js` with every built file in its precache, so that the app opens without the network. */
export function serviceWorker(): Plugin {
  return {
    name: "baguier-service-worker",
    apply: "build",
    // The page itself is written into the bundle by the bundler's own last step: the list is made after it.
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const files = new Map<string, string | Uint8Array>();
        for (const name of PUBLIC_FILES) {
          files.set(name, readFileSync(fileURLToPath(new URL(`../public${name}`, import.meta.url))));
        }
        for (const [name, piece] of Object.entries(bundle)) {
          files.set(`/${name}`, piece.type === "chunk" ? piece.code : piece.source);
        }
        if (!files.has("/index.html")) throw new Error("The page is not in the bundle, so the app would not open offline.");
        this.emitFile({ type: "asset", fileName: "sw.js", source: fillWorker(readFileSync(TEMPLATE, "utf8"), files) });
      },
    },
  };
}
