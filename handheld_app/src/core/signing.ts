/** Signing: the list that one person signs for a whole tour, and when the button may work. */

export interface SigningLine {
  readonly count: string;
  readonly path: string;
  /** Pieces present, by radio and by hand. */
  readonly present: number;
  readonly missing: number;
  readonly byHand: number;
}

/** One thing on the list that is not as it should be; it is read in full before a name goes under it. */
export interface SigningException {
  readonly id: string;
  readonly path: string;
  readonly sentence: string;
}

/** How far the other person is; the same device never shows their PIN field. */
export type PartnerState =
  | { readonly kind: "not_started"; readonly name: string }
  | { readonly kind: "reading"; readonly name: string }
  | { readonly kind: "signed"; readonly name: string; readonly atMs: number };

export interface SigningList {
  readonly id: string;
  readonly lines: readonly SigningLine[];
  readonly exceptions: readonly SigningException[];
  readonly partner: PartnerState;
}

/** Digits of a PIN. */
export const PIN_DIGITS = 6;

/** Exceptions that the signer has not confirmed as read. */
export function unreadExceptions(list: SigningList, read: ReadonlySet<string>): readonly SigningException[] {
  return list.exceptions.filter((exception) => !read.has(exception.id));
}

/** Whether the list may be signed: something is on it, every exception was read, and the PIN is complete. */
export function maySign(list: SigningList, read: ReadonlySet<string>, pin: string): boolean {
  return list.lines.length > 0 && unreadExceptions(list, read).length === 0 && isWholePin(pin);
}

export function isWholePin(pin: string): boolean {
  return pin.length === PIN_DIGITS && /^\d+$/.test(pin);
}
