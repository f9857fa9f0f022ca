/** Device store: the pairing and the last round, each one row. */

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

  tour(): Promise<KeptTour | undefined> {
    return this.database.get("tour", "current");
  }

  async keepTour(kept: KeptTour): Promise<void> {
    await this.database.put("tour", kept, "current");
  }
}
