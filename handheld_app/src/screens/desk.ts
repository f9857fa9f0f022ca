/** Desk: what a screen's controller works with: the server, who works here, and the outbox. */

import type { Client } from "../api/client.ts";
import type { Session } from "../api/shapes.ts";
import type { Fact } from "../core/facts.ts";
import type { LinkState } from "../core/link.ts";
import type { Quarantined } from "../core/outbox.ts";
import type { DeviceStore } from "../storage/device_store.ts";

export interface Desk {
  readonly client: Client;
  readonly session: Session;
  readonly device: DeviceStore;
  /** The shop's time, ms: the device's clock set right by the server's last word. */
  readonly now: () => number;
  /** Resolves when the facts are on the disk and the sync is woken; false: the disk refused, nothing of them is kept. */
  readonly write: (facts: readonly Fact[]) => Promise<boolean>;
}

/** What the desk says of the line and the outbox; it changes while a screen is open. */
export interface DeskNews {
  readonly link: LinkState;
  readonly refused: readonly Quarantined[];
}
