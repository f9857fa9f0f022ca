/** Verification: what B is asked with the tray in hand, or A who goes on alone; A's figure is not among it until that is sealed. */

import { type Ask, ASK_REASONS, type Sheet } from "./sheet.ts";

/** What B does now, as the server's sheet has it. */
export type VerifyStep =
  | { readonly kind: "claim" }
  | { readonly kind: "quantity" }
  /** The own blind round, on the counting screen. */
  | { readonly kind: "round"; readonly round: string }
  | { readonly kind: "labels" }
  /** Pieces to hold up; the seal stands below them and works when all are answered. */
  | { readonly kind: "asks" }
  /** Nothing was asked: the seal is left. */
  | { readonly kind: "seal" }
  | { readonly kind: "recount" }
  | { readonly kind: "done"; readonly isExplained: boolean };

/** The next step in the order of work: quantity, own round, labels, asked pieces, seal; then what both must confirm. */
export function stepOf(sheet: Sheet): VerifyStep {
  const isAlone = sheet.state === "SEALED_A" && sheet.mode === "solo";
  if (sheet.state === "SEALED_A" && !isAlone) return { kind: "claim" };
  if (sheet.state !== "VERIFYING" && !isAlone) return afterSeal(sheet);
  if (sheet.quantity !== "keyed") return { kind: "quantity" };
  if (sheet.mode === "blind" && sheet.round?.kind === "B1") return { kind: "round", round: sheet.round.id };
  if (sheet.isEveryLabelNeeded) return { kind: "labels" };
  return { kind: sheet.asks.length > 0 ? "asks" : "seal" };
}

function afterSeal(sheet: Sheet): VerifyStep {
  const isOpen = (sheet.state === "REVEALED" || sheet.state === "RECOUNTING") && sheet.recount.some((line) => line.myWord === null);
  return isOpen ? { kind: "recount" } : { kind: "done", isExplained: sheet.state !== "RESOLVING" };
}

/** Most pieces that one tray can hold; a higher figure is a slip of the finger. */
export const QUANTITY_MAX = 9_999;

/** The keyed figure after one more digit; past the limit the digit is not taken. */
export function withDigit(keyed: string, digit: string): string {
  const next = keyed === "0" ? digit : keyed + digit;
  return Number(next) <= QUANTITY_MAX ? next : keyed;
}

/** The quantity to seal, or null while nothing is keyed. Nought is a quantity: an empty tray. */
export function keyedQuantity(keyed: string): number | null {
  return /^\d{1,4}$/.test(keyed) ? Number(keyed) : null;
}

/** Asked pieces in the order of work: unanswered first, then due, drawn and found by hand, by reference. */
export function inOrderOfWork(asks: readonly Ask[]): readonly Ask[] {
  const rank = (ask: Ask): number => (ask.answer === "unanswered" ? 0 : 10) + ASK_REASONS.indexOf(ask.reason);
  return [...asks].sort((one, other) => rank(one) - rank(other) || one.reference.localeCompare(other.reference));
}

export function unanswered(asks: readonly Ask[]): number {
  return asks.filter((ask) => ask.answer === "unanswered").length;
}
