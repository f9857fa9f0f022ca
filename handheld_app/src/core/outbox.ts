/**
 * Outbox: the facts that this device still owes the server, in the order in which they happened.
 *
 * Every fact is numbered once (`dseq`, no gaps) and named once (`id`) when it is written; a retry sends the same
 * fact again. A fact leaves only when the server says that it holds every number up to it. Pure: the store applies
 * what is decided here, one strict transaction a step.
 */

import type { Json } from "./json.ts";
import { failed, ok, type Result } from "./result.ts";

/** Facts in one batch; the server refuses more. */
export const BATCH_EVENTS_MAX = 500;
/** Characters of one batch's facts as JSON, all of it ASCII-heavy: a batch stays under the server's 256 kB with room for its frame. */
export const BATCH_CHARS_MAX = 240_000;
/** First and longest pause before a retry, in ms. There is no last retry. */
export const RETRY_FIRST_MS = 1_000;
export const RETRY_LONGEST_MS = 60_000;

/** What a screen hands over: a fact without number and name. */
export interface Draft {
  readonly person: string;
  /** null: the fact belongs to no count, such as a sign-in. */
  readonly count: string | null;
  /** null: the fact belongs to no round. */
  readonly round: string | null;
  /** Such as `round.sealed`; the server owns the list. */
  readonly type: string;
  /** Wall clock of the device, ms since epoch; may be wrong, is never used for order. */
  readonly atMs: number;
  /** Monotonic clock of the page, whole ms; carries time when the wall clock jumps. */
  readonly monoMs: number;
  readonly body: Json;
}

export interface SyncEvent extends Draft {
  readonly id: string;
  readonly device: string;
  /** 1 for the device's first fact; no gaps. */
  readonly dseq: number;
}

/** What the device remembers beside the facts themselves. */
export interface OutboxHead {
  readonly device: string;
  /** Number of the next fact. */
  readonly next: number;
  /** Highest number up to which the server holds everything; 0 before the first answer. */
  readonly acked: number;
}

/** A fact that the server keeps but does not count until a person has looked at it. */
export interface Quarantined {
  readonly event: SyncEvent;
  /** The server's stable code. */
  readonly reason: string;
}

export interface Outbox {
  readonly head: OutboxHead;
  /** Numbers `acked + 1` to `next - 1`, rising. */
  readonly pending: readonly SyncEvent[];
  /** Rising by number; shown to the person, never emptied by the program. */
  readonly quarantine: readonly Quarantined[];
}

export interface Batch {
  /** Name of the first fact: the same batch sent again has the same key. */
  readonly idempotencyKey: string;
  readonly events: readonly SyncEvent[];
}

/** The server's answer to a batch. */
export interface Acknowledgement {
  /** Highest number up to which the server durably holds every fact of this device. */
  readonly ackSeq: number;
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** The server holds numbers that this device never gave: its memory was cleared or copied. It must be paired again. */
export interface AckAhead {
  readonly kind: "ack_ahead";
  readonly ackSeq: number;
  readonly next: number;
}

/** What one acknowledgement changes in the store. */
export interface Settlement {
  readonly head: OutboxHead;
  /** Numbers to delete, rising. */
  readonly removed: readonly number[];
  /** Facts to keep in sight. */
  readonly quarantined: readonly Quarantined[];
}

export function emptyOutbox(device: string): Outbox {
  return { head: { device, next: 1, acked: 0 }, pending: [], quarantine: [] };
}

/** Number and name the drafts of one screen frame. They are stored together with the new head, or not at all. */
export function append(
  head: OutboxHead,
  drafts: readonly Draft[],
  makeId: () => string,
): { readonly head: OutboxHead; readonly events: readonly SyncEvent[] } {
  const events = drafts.map((draft, offset) => ({ ...draft, id: makeId(), device: head.device, dseq: head.next + offset }));
  return { head: { ...head, next: head.next + drafts.length }, events };
}

/** The oldest facts that fit into one batch, at least one; null when nothing is owed. */
export function nextBatch(pending: readonly SyncEvent[]): Batch | null {
  const first = pending[0];
  if (first === undefined) return null;
  const events: SyncEvent[] = [];
  let chars = 0;
  for (const event of pending.slice(0, BATCH_EVENTS_MAX)) {
    chars += JSON.stringify(event).length;
    // A fact that is too large alone goes alone: the server's answer about it must become visible.
    if (events.length > 0 && chars > BATCH_CHARS_MAX) break;
    events.push(event);
  }
  return { idempotencyKey: first.id, events };
}

/** Decide what an answer allows to forget. An answer that comes late, twice or out of order changes nothing. */
export function settle(
  head: OutboxHead,
  pending: readonly SyncEvent[],
  answer: Acknowledgement,
): Result<Settlement, AckAhead> {
  if (answer.ackSeq >= head.next) return failed({ kind: "ack_ahead", ackSeq: answer.ackSeq, next: head.next });
  const reasonOf = new Map(answer.refused.map((refusal) => [refusal.id, refusal.reason]));
  const done = pending.filter((event) => event.dseq <= answer.ackSeq);
  const quarantined = pending.flatMap((event) => {
    const reason = reasonOf.get(event.id);
    return reason === undefined ? [] : [{ event, reason }];
  });
  return ok({
    head: { ...head, acked: Math.max(head.acked, answer.ackSeq) },
    removed: done.map((event) => event.dseq),
    quarantined,
  });
}

/** The outbox after a settlement: what the store holds once the transaction is through. */
export function settled(outbox: Outbox, change: Settlement): Outbox {
  const known = new Map(outbox.quarantine.map((entry) => [entry.event.dseq, entry]));
  for (const entry of change.quarantined) known.set(entry.event.dseq, entry);
  return {
    head: change.head,
    pending: outbox.pending.filter((event) => event.dseq > change.head.acked),
    quarantine: [...known.values()].sort((one, other) => one.event.dseq - other.event.dseq),
  };
}

/** Pause before try `attempt` (0 for the first retry): doubling, capped, spread by `random` in 0..1 over its upper half. */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(full / 2 + (full / 2) * random);
}
