/** Verification: what B is asked with the tray in hand; A's figure is not among it until B has sealed. */

/** Why a piece is asked for: drawn by the log's own chance, or of high value and due. */
export type AskReason = "drawn" | "high_value";
export type AskAnswer = "unanswered" | "seen" | "scanned" | "absent";

export interface Ask {
  readonly piece: string;
  readonly reference: string;
  readonly name: string;
  readonly reason: AskReason;
  readonly answer: AskAnswer;
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

/** Asked pieces in the order of work: high value first, then drawn, by reference. */
export function inOrderOfWork(asks: readonly Ask[]): readonly Ask[] {
  const rank = (ask: Ask): number => (ask.reason === "high_value" ? 0 : 1);
  return [...asks].sort((one, other) => rank(one) - rank(other) || one.reference.localeCompare(other.reference));
}

export function unanswered(asks: readonly Ask[]): number {
  return asks.filter((ask) => ask.answer === "unanswered").length;
}
