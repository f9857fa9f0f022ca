/** Samples of counting: one tray of the invented closing, as A and B see it. */

import type { Quarantined } from "../core/outbox.ts";
import { beginSearch, type Search, withScan } from "../core/search.ts";
import type { Ask, RecountLine } from "../core/sheet.ts";
import type { FollowedSeal, SealState } from "../screens/seals/follow_seals.ts";
import { NOW_MS, TOUR } from "./samples.ts";

export const REFUSED: readonly Quarantined[] = [
  {
    reason: "count_sealed",
    event: {
      id: "e", device: "d", dseq: 7, person: "c", count: "1", round: "r", type: "label.scanned", atMs: NOW_MS - 600_000, monoMs: 0,
      body: { code: "BAG-000388.K7MQ2" },
    },
  },
];

export const ASKS: readonly Ask[] = [
  { reference: "COL-001177", name: "Collier rivière, or blanc, 12 diamants", reason: "draw", answer: "present" },
  { reference: "BAG-000412", name: "Solitaire 1,02 ct", reason: "due", answer: "absent" },
  { reference: "ALL-000219", name: "Alliance ruban", reason: "silent", answer: "unanswered" },
];

export const RECOUNT: readonly RecountLine[] = [
  { reference: "BAG-000388", name: "Rivière de diamants", myWord: null },
  { reference: "BAG-001902", name: "Chaton saphir", myWord: "present" },
];

export const SEARCH: Search = withScan(
  beginSearch({ round: "r", untilMs: NOW_MS + 42_000, silent: RECOUNT.map(({ reference, name }) => ({ reference, name })) }),
  "BAG-001902.K7MQ2",
);

const LEFT_STATES: readonly SealState[] = [{ kind: "silent", search: SEARCH }, { kind: "refused", code: "not_drained" }, { kind: "over" }];
/** Three trays left behind: something silent, a refused seal, a late read. */
export const LEFT: readonly FollowedSeal[] = TOUR.counts
  .slice(0, LEFT_STATES.length)
  .flatMap((count, at): FollowedSeal[] => LEFT_STATES.slice(at, at + 1).map((state) => ({ count, role: "A", state, isLate: state.kind === "over" })));
