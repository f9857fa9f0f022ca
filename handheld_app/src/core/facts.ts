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

/** `gap`: why what a reader still holds is given up; the verification is then blind. null: every reader is waited for. */
export function roundSealed(of: RoundRef, gap: string | null = null): Fact {
  return { ...of, type: "round.sealed", body: gap === null ? {} : { accept_gap: gap } };
}

export function draftOf(fact: Fact, by: { readonly person: string; readonly atMs: number; readonly monoMs: number }): Draft {
  return { ...fact, ...by };
}

/** The latest fact of a type that the server keeps for this round without counting it; null: there is none. */
export function refusedOf(refused: readonly Quarantined[], round: string, type: Fact["type"]): Quarantined | null {
  return refused.filter(({ event }) => event.round === round && event.type === type).pop() ?? null;
}
