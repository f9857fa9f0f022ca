/** Seals: what of them belongs to which screen, and the ports through which they are followed. */

import { roundSealed } from "../../core/facts.ts";
import { nextStep, type TourCount } from "../../core/tour.ts";
import { awaitSealed, followRound } from "../counting/index.ts";
import type { Desk } from "../desk.ts";
import { openSearch } from "../search/index.ts";
import { type FollowedSeal, followSeals, type Seals } from "./follow_seals.ts";

/** Follow this desk's seals over its live line, its outbox and its calls. */
export function followSealsOf(desk: Desk, onchange: (seals: readonly FollowedSeal[]) => void): Seals {
  const { client, session, now } = desk;
  return followSeals(
    {
      now,
      follow: (feed, onnews) => followRound(session.token, feed, onnews).stop,
      await: (of, onsealed) => awaitSealed(client, of, onsealed),
      openSearch: (count) => openSearch(client, count),
      endSearch: (of) => desk.write([roundSealed(of)]),
    },
    onchange,
  );
}

/** Counts that this person sealed first and nobody verifies yet: a page that was reloaded meanwhile has not searched them. */
export function sealedByMe(counts: readonly TourCount[]): readonly TourCount[] {
  return counts.filter((count) => nextStep(count) === "wait_for_verifier");
}

/** Ids of the counts whose seal is written here: the tour may not know of it yet. */
export function sealedHere(seals: readonly FollowedSeal[]): ReadonlySet<string> {
  return new Set(seals.filter(({ state }) => state.kind !== "refused").map(({ count }) => count.id));
}
