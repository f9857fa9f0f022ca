import { describe, expect, it } from "vitest";

import { startWorker } from "../../src/readers/service_worker.ts";

/** A browser in which a newer worker waits or not; it takes over when it is told to. */
async function opened({ isWaiting, isIdle }: { readonly isWaiting: boolean; readonly isIdle: boolean }): Promise<string[]> {
  const happened: string[] = [];
  const changes = new EventTarget();
  const waiting = {
    postMessage: (word: string) => {
      happened.push(word);
      changes.dispatchEvent(new Event("controllerchange"));
    },
  };
  const container = {
    register: () => Promise.resolve({ waiting: isWaiting ? waiting : null }),
    addEventListener: changes.addEventListener.bind(changes),
  };
  await Reflect.apply(startWorker, null, [{ container, isIdle: () => Promise.resolve(isIdle), reload: () => happened.push("reload") }]);
  return happened;
}

describe("a newer issue of the app", () => {
  it("takes over at the PIN and begins the page anew", async () => {
    expect(await opened({ isWaiting: true, isIdle: true })).toEqual(["skip-waiting", "reload"]);
  });

  it("waits while this device still owes facts to the server, or when there is none", async () => {
    expect(await opened({ isWaiting: true, isIdle: false })).toEqual([]);
    expect(await opened({ isWaiting: false, isIdle: true })).toEqual([]);
  });
});
