/** Device store: the pairing, the last round, and a verifier's labels until they are handed in. */

import type { Pairing } from "../core/device.ts";
import type { Database, KeptTour } from "./database.ts";

export class DeviceStore {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  pairing(): Promise<Pairing | undefined> {
    return this.database.get("device", "pairing");
  }

  /** Strict: a pairing link works once, so its answer must survive the next second. */
  async keepPairing(pairing: Pairing): Promise<void> {
    const transaction = this.database.transaction("device", "readwrite", { durability: "strict" });
    await Promise.all([transaction.store.put(pairing, "pairing"), transaction.done]);
  }

  async labels(count: string): Promise<readonly string[]> {
    return (await this.database.get("labels", count)) ?? [];
  }

  /** Strict, as for every scan: a label is on the disk before it is said to be noted. */
  async keepLabels(count: string, codes: readonly string[]): Promise<void> {
    const transaction = this.database.transaction("labels", "readwrite", { durability: "strict" });
    const write = codes.length === 0 ? transaction.store.delete(count) : transaction.store.put(codes, count);
    await Promise.all([write, transaction.done]);
  }

  tour(): Promise<KeptTour | undefined> {
    return this.database.get("tour", "current");
  }

  async keepTour(kept: KeptTour): Promise<void> {
    await this.database.put("tour", kept, "current");
  }
}
