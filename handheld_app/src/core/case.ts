/** Case: what people do about one finding, and the two windows that say when the piece was still there. */

/** The server's classes of findings, most urgent first; "other" stands for a class that this issue of the app does not know. */
export const FINDINGS = [
  "missing", "missing_overnight", "tag_only", "round_conflict", "sold_present", "duplicate_epc", "tag_mismatch", "quantity_gap", "misplaced",
  "ambiguous_location", "should_be_out", "unexpected", "unknown_tag", "unverified", "late_move", "untagged", "other",
] as const;
export type Finding = (typeof FINDINGS)[number];

/** Where people stand with it; a row to be confirmed has no case yet. */
export const CASE_STATES = ["open", "acknowledged", "investigating", "decided", "reopened"] as const;
export type CaseState = (typeof CASE_STATES)[number];

export interface Sighting {
  readonly atMs: number;
  /** null: it was leaving the shop. */
  readonly path: string | null;
  /** null: an antenna, not a person. */
  readonly by: string | null;
}

/** What happened to the piece, as the server names it; the catalogue has the words. */
export interface TrailEntry {
  readonly atMs: number;
  readonly kind: string;
  readonly path: string | null;
  readonly by: string | null;
}

/** One line of the board: a case, or a gap of the first count that the second person has not confirmed. */
export interface OpenCase {
  readonly id: string;
  /** null: to be confirmed, no case yet. */
  readonly number: number | null;
  readonly isConfirmed: boolean;
  readonly finding: Finding;
  /** The class as the server sent it: what is shown when `finding` is "other". */
  readonly findingCode: string;
  readonly state: CaseState;
  /** null: the tag belongs to no piece of the shop. */
  readonly reference: string | null;
  /** A place's path for a finding about a whole place; empty for a tag of no piece. */
  readonly name: string;
  /** Retail value in minor units; null: not known or not for this person. */
  readonly valueMinor: number | null;
  readonly currency: string;
  readonly home: string | null;
  /** Where a count heard it, when that is not its home. */
  readonly heardIn: string | null;
  /** By hand or eye. */
  readonly lastSeen: Sighting | null;
  /** By radio. */
  readonly lastHeard: Sighting | null;
  readonly foundMissingAtMs: number;
  readonly assignee: string | null;
  readonly dueAtMs: number | null;
  readonly trail: readonly TrailEntry[];
}

/** The class named by `code`, or "other". */
export function findingOf(code: string): Finding {
  return FINDINGS.find((finding) => finding === code) ?? "other";
}

/** The two spans in which the piece may have gone, each up to the finding; null when it was never seen or never heard. */
export interface SearchWindows {
  /** Since a person last had it in hand or in sight: what an insurer asks for. */
  readonly seenMs: number | null;
  /** Since an antenna last heard its tag: where to begin to search. */
  readonly heardMs: number | null;
}

export function searchWindows(item: OpenCase): SearchWindows {
  const since = (sighting: Sighting | null): number | null => (sighting === null ? null : Math.max(0, item.foundMissingAtMs - sighting.atMs));
  return { seenMs: since(item.lastSeen), heardMs: since(item.lastHeard) };
}

/** Highest value first, unknown values after it, then what has a case, then the older case, then by reference. */
export function byValueAtRisk(cases: readonly OpenCase[]): readonly OpenCase[] {
  const age = (item: OpenCase): number => item.number ?? Number.MAX_SAFE_INTEGER;
  return [...cases].sort(
    (one, other) =>
      (other.valueMinor ?? -1) - (one.valueMinor ?? -1) || age(one) - age(other) || (one.reference ?? one.name).localeCompare(other.reference ?? other.name),
  );
}

export interface ClassTotal {
  readonly finding: Finding;
  readonly count: number;
  readonly valueMinor: number;
}

/** Totals of the classes that have a case, in the order of FINDINGS. */
export function totalsByClass(cases: readonly OpenCase[]): readonly ClassTotal[] {
  return FINDINGS.flatMap((finding) => {
    const members = cases.filter((item) => item.finding === finding);
    const valueMinor = members.reduce((sum, item) => sum + (item.valueMinor ?? 0), 0);
    return members.length === 0 ? [] : [{ finding, count: members.length, valueMinor }];
  });
}

/**
 * What a manager can decide here, in the order of the form. The server knows two more, a re-tag and a late way out, which two
 * people must stand for on two devices.
 */
export const OUTCOMES = [
  "found_here", "found_elsewhere", "sold_not_posted", "data_error", "returned_to_owner", "wrong_piece", "declared_lost", "declared_stolen",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What the server wants with a decision: the piece's label scanned, the piece in the hand, that or a paper, a paper, or the word. */
export type Evidence = "label" | "hand" | "hand_or_paper" | "paper" | "word";

export function evidenceFor(outcome: Outcome): Evidence {
  switch (outcome) {
    case "found_here":
      return "label";
    case "found_elsewhere":
    case "wrong_piece":
      return "hand";
    case "sold_not_posted":
    case "data_error":
    case "returned_to_owner":
      return "hand_or_paper";
    case "declared_stolen":
      return "paper";
    case "declared_lost":
      return "word";
  }
}

export interface Decision {
  readonly outcome: Outcome;
  /** The decider has the piece in the hand. */
  readonly isSighted: boolean;
  /** Code scanned on the label of the piece; empty: none. */
  readonly label: string;
  /** Reference of the sale, slip, report or claim; empty: none. */
  readonly document: string;
  /** Empty: none. */
  readonly reason: string;
}

/** Whether the decision carries what its outcome needs; the server asks again, and asks who decides. */
export function isSupported(decision: Decision): boolean {
  const hasPaper = decision.document.trim() !== "";
  switch (evidenceFor(decision.outcome)) {
    case "label":
      return decision.label.trim() !== "";
    case "hand":
      return decision.isSighted;
    case "hand_or_paper":
      return decision.isSighted || hasPaper;
    case "paper":
      return hasPaper;
    case "word":
      return true;
  }
}

/** Whether a manager can act on the row: a gap to be confirmed waits for the second person, a decided case for new evidence. */
export function mayAct(item: OpenCase): boolean {
  return item.isConfirmed && item.state !== "decided";
}
