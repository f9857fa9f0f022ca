import { readFileSync } from "node:fs";
import vm from "node:vm";

import { describe, expect, it } from "vitest";

import { fillWorker } from "../bundling/service_worker.ts";

const template = readFileSync(new URL("../src/sw.js", import.meta.url), "utf8");
const filled = fillWorker(template, new Map([["/index.html", "<p>"], ["/assets/a.js", "1"]]));

type Listener = (event: unknown) => void;

/** Runs the worker on a network that is down; the cache holds `/index.html` only. */
function install(): (request: { method?: string; mode?: string; path: string; origin?: string }) => Promise<unknown> | "bypassed" {
  const listeners = new Map<string, Listener>();
  const worker = {
    location: { origin: "https://shop.example" },
    addEventListener: (name: string, listener: Listener) => listeners.set(name, listener),
  };
  const caches = { match: (wanted: unknown) => Promise.resolve(wanted === "/index.html" ? "the page" : undefined) };
  vm.runInNewContext(filled, { self: worker, caches, URL, fetch: () => Promise.resolve("the network"), RegExp, Promise });
  return ({ method = "GET", mode = "cors", path, origin = worker.location.origin }) => {
    let answer: Promise<unknown> | "bypassed" = "bypassed";
    listeners.get("fetch")?.({
      request: { method, mode, url: origin + path },
      respondWith: (given: Promise<unknown>) => { answer = given; },
    });
    return answer;
  };
}

describe("service worker", () => {
  it.each(["/v1/tours/current", "/v1", "/docs", "/healthz", "/readyz", "/metrics"])("leaves %s to the server", (path) => {
    expect(install()({ path, mode: "navigate" })).toBe("bypassed");
  });

  it("opens the app's page for any other address, without the network", async () => {
    expect(await install()({ path: "/tour/7", mode: "navigate" })).toBe("the page");
    expect(await install()({ path: "/v1x", mode: "navigate" })).toBe("the page");
  });

  it("takes no part in writes and in other origins", () => {
    expect(install()({ path: "/assets/a.js", method: "POST" })).toBe("bypassed");
    expect(install()({ path: "/assets/a.js", origin: "https://elsewhere.example" })).toBe("bypassed");
  });

  it("lists its files in order and gets a new name when one of them changes", () => {
    const changed = fillWorker(template, new Map([["/index.html", "<b>"], ["/assets/a.js", "1"]]));

    expect(filled).toContain('["/assets/a.js","/index.html"]');
    expect(changed).not.toBe(filled);
  });
});
