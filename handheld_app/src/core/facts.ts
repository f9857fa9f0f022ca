/** Facts: what a screen tells the outbox of a round, in the words of the server. */

import type { Json } from "./json.ts";
import type { Draft, Quarantined } from "./outbox.ts";

/** A fact before the desk adds who and when. */
export interface Fact {
  readonly count: string;
  readonly round: string;
  readonly type: "label.scanned" | "label.retracted" | "round.sealed";
  readonly body: Json;
}

export interface RoundRef {
  readonly count: string;
  readonly round: string;
}

export function labelScanned(of: RoundRef, code: string): Fact {
  return { ...of, type: "label.scanned", body: { code } };
}

export function roundSealed(of: RoundRef): Fact {
  return { ...of, type: "round.sealed", body: {} };
}

export function draftOf(fact: Fact, by: { readonly person: string; readonly atMs: number; readonly monoMs: number }): Draft {
  return { ...fact, ...by };
}

/** Why the server keeps this round's latest seal without counting it; null: it does not. */
export function sealRefusal(refused: readonly Quarantined[], round: string): Quarantined | null {
  const seals = refused.filter(({ event }) => event.round === round && event.type === "round.sealed");
  return seals[seals.length - 1] ?? null;
}
