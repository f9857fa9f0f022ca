import "fake-indexeddb/auto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { CallFailure } from "../../src/api/client.ts";
import { IDLE_MS, pauseAfterMs, runSync, syncOnce, type SyncOutcome, type SyncPorts } from "../../src/api/sync.ts";
import type { Acknowledgement, Batch, Draft, SyncEvent } from "../../src/core/outbox.ts";
import { failed, ok, type Result } from "../../src/core/result.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { OutboxStore } from "../../src/storage/outbox_store.ts";

let names = 0;
const draft: Draft = { person: "p", count: null, round: null, type: "t", atMs: 1, monoMs: 1, body: null };

/** What the line does with one batch. */
type Weather = "fine" | "never_arrives" | "answer_lost" | "signed_out";

/** A server that keeps facts by number and name and notices a number under two names. */
class Server {
  readonly held = new Map<number, SyncEvent>();
  clashes = 0;

  take(batch: Batch): Acknowledgement {
    for (const event of batch.events) {
      const known = this.held.get(event.dseq);
      if (known !== undefined && known.id !== event.id) this.clashes += 1;
      if (known === undefined) this.held.set(event.dseq, event);
    }
    let ackSeq = 0;
    while (this.held.has(ackSeq + 1)) ackSeq += 1;
    return { ackSeq, refused: [] };
  }
}

async function shop(weather: () => Weather): Promise<{ store: OutboxStore; server: Server; ports: SyncPorts }> {
  const store = new OutboxStore(await openDatabase(`baguier-sync-${(names += 1)}`), "d", () => `id-${(names += 1)}`);
  const server = new Server();
  const send = (batch: Batch): Promise<Result<Acknowledgement, CallFailure>> => {
    const now = weather();
    if (now === "signed_out") return Promise.resolve(failed({ kind: "signed_out" }));
    if (now === "never_arrives") return Promise.resolve(failed({ kind: "unreachable" }));
    const answer = server.take(batch);
    return Promise.resolve(now === "fine" ? ok(answer) : failed({ kind: "unreachable" }));
  };
  return { store, server, ports: { load: () => store.load(), acknowledge: (answer) => store.acknowledge(answer), send } };
}

describe("sync", () => {
  it("brings every fact to the server exactly once, through any weather", async () => {
    const step = fc.oneof(fc.constant("write" as const), fc.constantFrom<Weather>("fine", "never_arrives", "answer_lost", "signed_out"));
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      let sky: Weather = "fine";
      const { store, server, ports } = await shop(() => sky);
      const written: SyncEvent[] = [];
      for (const now of steps) {
        if (now === "write") written.push(...(await store.add([draft, draft])));
        else {
          sky = now;
          await syncOnce(ports);
        }
      }
      sky = "fine";
      while ((await syncOnce(ports)).kind === "sent");

      expect([...server.held.values()]).toEqual(written);
      expect(server.clashes).toBe(0);
      expect((await store.load()).pending).toEqual([]);
    }), { numRuns: 40 });
  });

  it("waits for the PIN when the session has ended, and goes on when it is woken", async () => {
    let sky: Weather = "signed_out";
    const { store, server, ports } = await shop(() => sky);
    await store.add([draft]);
    const outcomes: SyncOutcome["kind"][] = [];

    await new Promise<void>((resolve) => {
      const loop = runSync(ports, (outcome) => {
        outcomes.push(outcome.kind);
        if (outcome.kind === "sent") {
          loop.stop();
          resolve();
          return;
        }
        sky = "fine";
        // A fact written while the loop is between two looks must not be missed either.
        loop.wake();
      });
    });

    expect(outcomes).toEqual(["signed_out", "sent"]);
    expect(server.held.size).toBe(1);
  });

  it("stops sending when the server holds numbers that this device never gave", async () => {
    const { store, server, ports } = await shop(() => "fine");
    const [fact] = await store.add([draft]);
    if (fact !== undefined) server.held.set(2, { ...fact, dseq: 2 });

    const outcome = await syncOnce(ports);

    expect(outcome.kind).toBe("ack_ahead");
    expect(pauseAfterMs(outcome, 0, 0.5)).toBe(null);
    expect((await store.load()).pending).toEqual([fact]);
  });

  it("looks again soon after a failure, later after many, and without end", () => {
    const retry: SyncOutcome = { kind: "retry", why: { kind: "unreachable" } };

    expect(pauseAfterMs(retry, 0, 1)).toBe(1_000);
    expect(pauseAfterMs(retry, 3, 1)).toBe(8_000);
    expect(pauseAfterMs(retry, 1_000, 1)).toBe(60_000);
    expect(pauseAfterMs({ kind: "nothing_owed" }, 0, 1)).toBe(IDLE_MS);
  });
});
