/** Sheet: what this person may know of one count now. No figure of anybody; pieces only where this person must act. */

import type { CountState, Occasion, Role } from "./tour.ts";

export const ROUND_KINDS = ["A1", "A2", "B1"] as const;
export type RoundKind = (typeof ROUND_KINDS)[number];

export const MODES = ["challenge", "blind", "solo"] as const;
export type Mode = (typeof MODES)[number];

/** Why a piece is asked for: due today, drawn by the log's own chance, or found by hand in A's round or search. */
export const ASK_REASONS = ["due", "draw", "silent", "search"] as const;
export type AskReason = (typeof ASK_REASONS)[number];

export type Word = "present" | "absent";

export interface Ask {
  readonly reference: string;
  readonly name: string;
  readonly reason: AskReason;
  readonly answer: Word | "unanswered";
}

export interface RecountLine {
  readonly reference: string;
  readonly name: string;
  /** null: not said yet. */
  readonly myWord: Word | null;
}

export interface SilentPiece {
  readonly reference: string;
  readonly name: string;
}

export interface Sheet {
  readonly id: string;
  readonly path: string;
  readonly occasion: Occasion;
  readonly state: CountState;
  readonly myRole: Role | null;
  /** Told to the verifier only. */
  readonly mode: Mode | null;
  /** My open round, to which readers may listen; a kind of null is sealed by nobody: it only carries a scanner's codes. */
  readonly round: { readonly id: string; readonly kind: RoundKind | null } | null;
  /** When my open search ends by itself. */
  readonly searchUntilMs: number | null;
  /** Told to the verifier only. */
  readonly quantity: "needed" | "keyed" | null;
  readonly asks: readonly Ask[];
  /** Quantity and tags differ: every label of the place is scanned. */
  readonly isEveryLabelNeeded: boolean;
  readonly recount: readonly RecountLine[];
}

/** Whether this round of mine still takes reads and labels; a sealed one may stay on the sheet to carry a scanner's codes. */
export function isRoundOpen(sheet: Sheet, round: string): boolean {
  return sheet.round?.id === round && sheet.round.kind !== null;
}

/** The list of a search after the own seal. */
export interface SearchList {
  readonly round: string;
  readonly silent: readonly SilentPiece[];
  readonly untilMs: number;
}
