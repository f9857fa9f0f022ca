/** Screen: where a signed-in person is. The screens hold no addresses: a reload asks for the PIN and begins at home. */

import type { NextStep, TourCount } from "./tour.ts";

export type Screen =
  | { readonly kind: "tour" }
  /** A's own round, and the search after it. */
  | { readonly kind: "count"; readonly count: TourCount }
  | { readonly kind: "verify"; readonly count: TourCount }
  /** A goes on without a second person. */
  | { readonly kind: "alone"; readonly count: TourCount }
  /** The lines on which the two rounds differ. */
  | { readonly kind: "recount"; readonly count: TourCount }
  /** The one list of the tour; `tour` is its id. */
  | { readonly kind: "sign"; readonly tour: string }
  | { readonly kind: "board" };

const BOARD_RIGHTS: readonly string[] = ["manage", "own", "read"];

/** Whether these rights open the board; the server decides again. */
export function maySeeBoard(rights: readonly string[]): boolean {
  return rights.some((right) => BOARD_RIGHTS.includes(right));
}

/** Whether these rights open the tour. */
export function mayCount(rights: readonly string[]): boolean {
  return rights.includes("count");
}

/** Who answers for the shop begins at the board, who only counts at the tour. */
export function homeOf(rights: readonly string[]): Screen {
  return { kind: maySeeBoard(rights) ? "board" : "tour" };
}

/** Where a tap on a count leads; null: the step is said, not done here. */
export function screenOf(step: NextStep, count: TourCount): Screen | null {
  switch (step) {
    case "count":
    case "continue":
      return { kind: "count", count };
    case "verify":
    case "continue_verifying":
      return { kind: "verify", count };
    case "confirm":
      return { kind: "recount", count };
    case "wait_for_verifier":
      return { kind: "alone", count };
    default:
      return null;
  }
}
