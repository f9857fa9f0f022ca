/** Database: what this browser profile keeps across restarts, in IndexedDB. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { Pairing } from "../core/device.ts";
import type { OutboxHead, Quarantined, SyncEvent } from "../core/outbox.ts";
import type { Tour } from "../core/tour.ts";

export const DATABASE_NAME = "baguier";
const VERSION = 2;

export interface KeptTour {
  readonly tour: Tour;
  readonly takenAtMs: number;
}

export interface Schema extends DBSchema {
  /** Facts that the server does not hold yet, by their number. */
  outbox: { key: number; value: SyncEvent };
  /** Facts that the server refused to count, by their number. Nothing here is deleted by the program. */
  quarantine: { key: number; value: Quarantined };
  /** One row, `head`. */
  head: { key: "head"; value: OutboxHead };
  /** One row, `pairing`. */
  device: { key: "pairing"; value: Pairing };
  /** Labels that a verifier scanned and has not handed in yet, by count. */
  labels: { key: string; value: readonly string[] };
  /** One row, `current`: the round as it was last taken, for when the line is down. */
  tour: { key: "current"; value: KeptTour };
}

export type Database = IDBPDatabase<Schema>;

export function openDatabase(name: string = DATABASE_NAME): Promise<Database> {
  return openDB<Schema>(name, VERSION, {
    upgrade(database, from) {
      if (from < 1) {
        database.createObjectStore("outbox", { keyPath: "dseq" });
        database.createObjectStore("quarantine", { keyPath: "event.dseq" });
        database.createObjectStore("head");
        database.createObjectStore("device");
        database.createObjectStore("tour");
      }
      if (from < 2) database.createObjectStore("labels");
    },
  });
}
