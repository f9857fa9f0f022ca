/** Signing: the list that one person signs for a whole tour, when the button may work, and who still has to sign. */

import type { CountState, Occasion, Role, Tour } from "./tour.ts";

export interface SigningLine {
  readonly count: string;
  readonly path: string;
  readonly myRole: Role;
  /** Pieces present, by radio and by hand. */
  readonly present: number;
  readonly missing: number;
  readonly byHand: number;
  /** How many pieces the verifier saw; null: nobody verified. */
  readonly quantity: number | null;
  /** One person counted, and nobody verified. */
  readonly isAlone: boolean;
  /** Why the line is not plain green, in the server's words; empty: it is. */
  readonly exceptions: readonly string[];
}

/** How far the other person is; the same device never shows their PIN field. */
export type PartnerState =
  | { readonly kind: "not_started"; readonly name: string }
  | { readonly kind: "reading"; readonly name: string }
  | { readonly kind: "signed"; readonly name: string; readonly atMs: number };

export interface SigningList {
  readonly tour: string;
  readonly listNo: number;
  /** Comes back with the signature: what was read is what is signed. */
  readonly linesSha256: string;
  readonly lines: readonly SigningLine[];
  /** Counts of the tour that nobody has finished: they come in a later list. */
  readonly leftOut: number;
  /** More than an hour after the first seal: the signature will say so. */
  readonly isLate: boolean;
  /** null: this person counted alone. */
  readonly partner: PartnerState | null;
}

/** What a case says about a count: its class in the server's word and what it is about. */
export interface CountCase {
  readonly discrepancy: string;
  readonly subject: string;
}

/** One reason on a line, with the pieces it is about where the cases name them. */
export interface ExceptionReason {
  readonly code: string;
  readonly subjects: readonly string[];
}

/** A line that is not as it should be; it is read in full before a name goes under it. */
export interface SigningException {
  /** The count's id. */
  readonly id: string;
  readonly path: string;
  readonly reasons: readonly ExceptionReason[];
}

/** Digits of a PIN. */
export const PIN_DIGITS = 6;

/** The list's exceptions in the order of their lines; `cases` by count, as far as they could be loaded. */
export function exceptionsOf(list: SigningList, cases: ReadonlyMap<string, readonly CountCase[]>): readonly SigningException[] {
  return list.lines
    .filter((line) => line.exceptions.length > 0)
    .map((line) => ({
      id: line.count,
      path: line.path,
      reasons: line.exceptions.map((code) => ({ code, subjects: subjectsOf(code, cases.get(line.count) ?? []) })),
    }));
}

/** Exceptions that the signer has not confirmed as read. */
export function unreadExceptions(list: SigningList, read: ReadonlySet<string>): number {
  return list.lines.filter((line) => line.exceptions.length > 0 && !read.has(line.count)).length;
}

/** Digest of the photo of a tray, by count. */
export type Photos = ReadonlyMap<string, string>;

/** The lines that want a photo: a closing counted by one person alone has no second pair of eyes. */
export function photosFor(list: SigningList, occasion: Occasion): readonly SigningLine[] {
  return occasion === "closing" ? list.lines.filter((line) => line.isAlone) : [];
}

/** Whether the list may be signed: something is on it, every exception was read, every photo taken, and the PIN is complete. */
export function maySign(list: SigningList, done: { readonly read: ReadonlySet<string>; readonly withoutPhoto: number; readonly pin: string }): boolean {
  return list.lines.length > 0 && unreadExceptions(list, done.read) === 0 && done.withoutPhoto === 0 && isWholePin(done.pin);
}

export function isWholePin(pin: string): boolean {
  return pin.length === PIN_DIGITS && /^\d+$/.test(pin);
}

/** What is true of a list after this person signed it. `waiting`: the other one has not signed every line yet. */
export type AfterSigning = "waiting" | "complete" | "changed";

const SIGNED: readonly CountState[] = ["SIGNED_OFF", "SIGNED_OFF_WITH_EXCEPTIONS", "SIGNED_OFF_SINGLE", "CLOSED"];

/** `changed`: a line went back for another look, both signatures on it are void. */
export function afterSigning(tour: Tour, signed: readonly string[]): AfterSigning {
  const states = tour.counts.filter((count) => signed.includes(count.id)).map((count) => count.state);
  if (states.every((state) => SIGNED.includes(state))) return "complete";
  return states.every((state) => state === "SIGNED_ONE" || SIGNED.includes(state)) ? "waiting" : "changed";
}

/** Whom the lists that this person signed still wait for, in order of names. */
export function waitsFor(tour: Tour): readonly string[] {
  const mine = tour.counts.filter((count) => count.hasSigned);
  return [...new Set(mine.flatMap((count) => (count.partner === null ? [] : [count.partner])))].sort();
}

function subjectsOf(code: string, cases: readonly CountCase[]): readonly string[] {
  return cases.filter((one) => one.discrepancy.toLowerCase() === code).map((one) => one.subject);
}
