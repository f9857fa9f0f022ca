/**
 * Outbox store: the outbox of core/outbox.ts on disk.
 *
 * Each step is one strict transaction: Chrome's default may lose seconds at a power cut, and 20 facts in one strict
 * transaction cost a twentieth of 20 transactions. The head is read inside the transaction, so two tabs of one profile
 * never give the same number twice. A screen says "noted" after the promise, not before.
 */

import { type Acknowledgement, type AckAhead, append, type Draft, emptyOutbox, type Outbox, type OutboxHead, settle, type SyncEvent } from "../core/outbox.ts";
import { failed, ok, type Result } from "../core/result.ts";
import type { Database } from "./database.ts";

const STRICT = { durability: "strict" } as const;

export class OutboxStore {
  private readonly database: Database;
  private readonly device: string;
  private readonly makeId: () => string;

  constructor(database: Database, device: string, makeId: () => string) {
    this.database = database;
    this.device = device;
    this.makeId = makeId;
  }

  /** The whole outbox as it is on disk. */
  async load(): Promise<Outbox> {
    const transaction = this.database.transaction(["head", "outbox", "quarantine"]);
    const [head, pending, quarantine] = await Promise.all([
      transaction.objectStore("head").get("head"),
      transaction.objectStore("outbox").getAll(),
      transaction.objectStore("quarantine").getAll(),
    ]);
    await transaction.done;
    return { head: head ?? this.emptyHead(), pending, quarantine };
  }

  /** Write the drafts of one screen frame. Resolves when they are on disk; then, and not before, they count. */
  async add(drafts: readonly Draft[]): Promise<readonly SyncEvent[]> {
    const transaction = this.database.transaction(["head", "outbox"], "readwrite", STRICT);
    const head = (await transaction.objectStore("head").get("head")) ?? this.emptyHead();
    const step = append(head, drafts, this.makeId);
    const writes: Promise<unknown>[] = [transaction.done];
    try {
      // `add`, not `put`: a number that is there already must stop the transaction, never replace a fact.
      for (const event of step.events) writes.push(transaction.objectStore("outbox").add(event));
      writes.push(transaction.objectStore("head").put(step.head, "head"));
      await Promise.all(writes);
    } catch (error) {
      // A fact that cannot be stored throws at once and would leave the ones before it to be committed without a head.
      if (transaction.error === null) transaction.abort();
      await Promise.allSettled(writes);
      throw error;
    }
    return step.events;
  }

  /** Apply one answer of the server. */
  async acknowledge(answer: Acknowledgement): Promise<Result<OutboxHead, AckAhead>> {
    const transaction = this.database.transaction(["head", "outbox", "quarantine"], "readwrite", STRICT);
    const head = (await transaction.objectStore("head").get("head")) ?? this.emptyHead();
    const pending = await transaction.objectStore("outbox").getAll();
    const change = settle(head, pending, answer);
    if (!change.ok) {
      await transaction.done;
      return failed(change.error);
    }
    const { removed, quarantined } = change.value;
    await Promise.all([
      ...quarantined.map((entry) => transaction.objectStore("quarantine").put(entry)),
      ...removed.map((dseq) => transaction.objectStore("outbox").delete(dseq)),
      transaction.objectStore("head").put(change.value.head, "head"),
      transaction.done,
    ]);
    return ok(change.value.head);
  }

  private emptyHead(): OutboxHead {
    return emptyOutbox(this.device).head;
  }
}
