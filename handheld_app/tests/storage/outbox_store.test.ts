import "fake-indexeddb/auto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Draft, nextBatch } from "../../src/core/outbox.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { OutboxStore } from "../../src/storage/outbox_store.ts";

let names = 0;
const makeId = (): string => `id-${(names += 1)}`;
const draft = (type: string): Draft => ({ person: "p", count: null, round: null, type, atMs: 1, monoMs: 1, body: null });

async function freshStore(): Promise<{ name: string; store: OutboxStore; reopen: () => Promise<OutboxStore> }> {
  const name = `baguier-test-${(names += 1)}`;
  let database = await openDatabase(name);
  const reopen = async (): Promise<OutboxStore> => {
    database.close();
    database = await openDatabase(name);
    return new OutboxStore(database, "d", makeId);
  };
  return { name, store: new OutboxStore(database, "d", makeId), reopen };
}

describe("outbox store", () => {
  it("still has every fact, with its number and name, after the page was closed", async () => {
    const { store, reopen } = await freshStore();
    const written = [...(await store.add([draft("a"), draft("b")])), ...(await store.add([draft("c")]))];

    const again = await (await reopen()).load();

    expect(again.pending).toEqual(written);
    expect(again.head).toEqual({ device: "d", next: 4, acked: 0 });
  });

  it("gives no number twice when two tabs write at the same time", async () => {
    const { name, store } = await freshStore();
    const other = new OutboxStore(await openDatabase(name), "d", makeId);

    await Promise.all([store.add([draft("a")]), other.add([draft("b"), draft("c")]), store.add([draft("d")]), other.add([draft("e")])]);

    expect((await store.load()).pending.map((event) => event.dseq)).toEqual([1, 2, 3, 4, 5]);
  });

  it("writes nothing of a frame when one fact of it cannot be written", async () => {
    const { store } = await freshStore();
    // A proxy cannot be cloned into the database.
    const unwritable = { ...draft("b"), body: new Proxy<Record<string, string>>({}, {}) };

    await expect(store.add([draft("a"), unwritable])).rejects.toThrow();

    expect((await store.load()).pending).toEqual([]);
    expect((await store.load()).head.next).toBe(1);
  });

  it("keeps exactly what is not acknowledged, whatever answers come in whatever order", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat(6), { maxLength: 6 }), async (size, acks) => {
      const { store } = await freshStore();
      await store.add(Array.from({ length: size }, () => draft("t")));
      for (const ack of acks) await store.acknowledge({ ackSeq: Math.min(ack, size), refused: [] });

      const acked = Math.max(0, ...acks.map((ack) => Math.min(ack, size)));
      const outbox = await store.load();
      expect(outbox.pending.map((event) => event.dseq)).toEqual(Array.from({ length: size - acked }, (_, at) => acked + 1 + at));
      expect(outbox.head.acked).toBe(acked);
    }), { numRuns: 25 });
  });

  it("keeps a refused fact in sight and changes nothing for an answer from another life of the device", async () => {
    const { store } = await freshStore();
    const [fact] = await store.add([draft("a")]);
    await store.acknowledge({ ackSeq: 1, refused: [{ id: fact?.id ?? "", reason: "count_sealed" }] });

    const ahead = await store.acknowledge({ ackSeq: 9, refused: [] });

    expect(ahead.ok).toBe(false);
    const outbox = await store.load();
    expect(outbox.quarantine).toEqual([{ event: fact, reason: "count_sealed" }]);
    expect(nextBatch(outbox.pending)).toBe(null);
  });

  it("asks the browser for strict durability on every write", async () => {
    const asked: (string | undefined)[] = [];
    const opened = await openDatabase(`baguier-test-${(names += 1)}`);
    const watched = new Proxy(opened, {
      get(target, key) {
        if (key !== "transaction") return Reflect.get(target, key, target);
        return (stores: ["outbox"], mode: "readwrite", options?: IDBTransactionOptions) => {
          if (mode === "readwrite") asked.push(options?.durability);
          return target.transaction(stores, mode, options);
        };
      },
    });
    const store = new OutboxStore(watched, "d", makeId);

    await store.add([draft("a")]);
    await store.acknowledge({ ackSeq: 1, refused: [] });

    expect(asked).toEqual(["strict", "strict"]);
  });
});
