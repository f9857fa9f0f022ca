/** Outbox desk: writes facts for one signed-in person and keeps sending them while the page is open. */

import type { Client } from "../api/client.ts";
import { runSync, type SyncOutcome } from "../api/sync.ts";
import { draftOf, type Fact } from "../core/facts.ts";
import type { LinkState } from "../core/link.ts";
import type { OutboxStore } from "../storage/outbox_store.ts";

/** Write the facts; false: the browser refused, and nothing of them is kept. It names no reason on which a person could act. */
export async function writeFacts(outbox: OutboxStore, person: string, facts: readonly Fact[]): Promise<boolean> {
  if (facts.length === 0) return true;
  const by = { person, atMs: Date.now(), monoMs: Math.trunc(performance.now()) };
  return outbox.add(facts.map((fact) => draftOf(fact, by))).then(() => true, () => false);
}

export interface Sending {
  readonly wake: () => void;
  readonly stop: () => void;
}

/** Send what the outbox owes until `stop`; `onlink`: what the last try says of the line. */
export function keepSending(outbox: OutboxStore, client: Client, onlink: (kind: LinkState["kind"]) => void): Sending {
  const loop = runSync(
    { load: () => outbox.load(), acknowledge: (answer) => outbox.acknowledge(answer), send: (batch) => client.sendBatch(batch) },
    (outcome) => {
      const kind = linkOf(outcome);
      if (kind !== null) onlink(kind);
    },
  );
  // A browser short of space clears what was not asked to stay; a refusal changes nothing that a person could do.
  if ("storage" in navigator) void navigator.storage.persist();
  window.addEventListener("online", loop.wake);
  document.addEventListener("visibilitychange", loop.wake);
  return {
    wake: loop.wake,
    stop: () => {
      window.removeEventListener("online", loop.wake);
      document.removeEventListener("visibilitychange", loop.wake);
      loop.stop();
    },
  };
}

/** null: nothing was sent, so nothing was learned. */
function linkOf(outcome: SyncOutcome): LinkState["kind"] | null {
  switch (outcome.kind) {
    case "sent":
      return "online";
    case "retry":
      return "offline";
    case "signed_out":
      return "expired";
    case "nothing_owed":
    case "ack_ahead":
      return null;
  }
}
