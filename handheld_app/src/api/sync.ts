/**
 * Sync: carries the outbox to the server, oldest facts first, one batch at a time, for ever.
 *
 * A line that fails is tried again after a growing pause without a last try. A session that has ended stops the
 * sending and not the counting. Only one page of a browser profile sends at a time.
 */

import { type AckAhead, nextBatch, retryDelayMs } from "../core/outbox.ts";
import type { Result } from "../core/result.ts";
import type { Acknowledgement, Batch, Outbox, OutboxHead } from "../core/outbox.ts";
import type { CallFailure } from "./client.ts";

/** Pause before a look at the outbox when nothing else asks for one, ms. */
export const IDLE_MS = 15_000;
/** Name of the lock that makes one page the sender. */
export const SENDER_LOCK = "baguier-sync";

/** What one look at the outbox came to. */
export type SyncOutcome =
  | { readonly kind: "nothing_owed" }
  | { readonly kind: "sent"; readonly left: number }
  /** The line failed, or app and server do not understand each other: try again later. */
  | { readonly kind: "retry"; readonly why: CallFailure }
  /** Wait for the PIN. */
  | { readonly kind: "signed_out" }
  /** This device's memory and the server's disagree: it must be paired again, and its facts are shown. */
  | { readonly kind: "ack_ahead"; readonly ahead: AckAhead };

export interface SyncPorts {
  readonly load: () => Promise<Outbox>;
  readonly acknowledge: (answer: Acknowledgement) => Promise<Result<OutboxHead, AckAhead>>;
  readonly send: (batch: Batch) => Promise<Result<Acknowledgement, CallFailure>>;
}

/** Send the oldest batch once and apply the answer. */
export async function syncOnce(ports: SyncPorts): Promise<SyncOutcome> {
  const batch = nextBatch((await ports.load()).pending);
  if (batch === null) return { kind: "nothing_owed" };
  const answer = await ports.send(batch);
  if (!answer.ok) return answer.error.kind === "signed_out" ? { kind: "signed_out" } : { kind: "retry", why: answer.error };
  const applied = await ports.acknowledge(answer.value);
  if (!applied.ok) return { kind: "ack_ahead", ahead: applied.error };
  return { kind: "sent", left: applied.value.next - 1 - applied.value.acked };
}

/** Pause before the next look; null: only `wake` starts it again. `tries` counts failures in a row. */
export function pauseAfterMs(outcome: SyncOutcome, tries: number, random: number): number | null {
  switch (outcome.kind) {
    case "sent":
      // An answer that acknowledged less than was sent is not repeated at once: the server needs a moment.
      return outcome.left > 0 ? retryDelayMs(0, random) : IDLE_MS;
    case "nothing_owed":
      return IDLE_MS;
    case "retry":
      return retryDelayMs(tries, random);
    case "signed_out":
    case "ack_ahead":
      return null;
  }
}

export interface SyncLoop {
  /** Something was written, the line or the page came back, a person signed in: look now. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/** Run in the page that holds the sender's lock; other pages wait for it and take over when it closes. */
export function runSync(ports: SyncPorts, onoutcome: (outcome: SyncOutcome) => void): SyncLoop {
  const ended = new AbortController();
  let wakeUp: () => void = () => undefined;
  let isWoken = false;

  function wake(): void {
    isWoken = true;
    wakeUp();
  }
  function pause(ms: number | null): Promise<void> {
    if (isWoken || ended.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  async function loop(): Promise<void> {
    let tries = 0;
    while (!ended.signal.aborted) {
      isWoken = false;
      const outcome = await syncOnce(ports);
      onoutcome(outcome);
      const wait = pauseAfterMs(outcome, tries, Math.random());
      tries = outcome.kind === "retry" ? tries + 1 : 0;
      await pause(wait);
    }
  }

  void withSenderLock(ended.signal, loop);
  return {
    wake,
    stop: () => {
      ended.abort();
      wakeUp();
    },
  };
}

/** Browsers without locks (before Chrome 69, insecure pages) run unguarded: the server takes a fact sent twice for one. */
async function withSenderLock(signal: AbortSignal, loop: () => Promise<void>): Promise<void> {
  if (!("locks" in navigator)) return loop();
  try {
    await navigator.locks.request(SENDER_LOCK, { signal }, loop);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
