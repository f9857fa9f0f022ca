/** Case: what people do about one finding, and the two windows that say when the piece was still there. */

/** The classes of findings that open a case, most urgent first. */
export const FINDINGS = ["missing", "unexpected", "misplaced", "duplicate", "sold_present", "should_be_out", "tag_only", "quantity_gap"] as const;
export type Finding = (typeof FINDINGS)[number];

export interface Sighting {
  readonly atMs: number;
  readonly path: string;
  /** null: an antenna, not a person. */
  readonly by: string | null;
}

export interface TrailEntry {
  readonly atMs: number;
  readonly sentence: string;
}

export interface OpenCase {
  readonly id: string;
  readonly number: number;
  readonly finding: Finding;
  /** null: the tag belongs to no piece of the shop. */
  readonly reference: string | null;
  readonly name: string;
  /** Retail value in minor units; null: not known or not for this person. */
  readonly valueMinor: number | null;
  readonly currency: string;
  readonly home: string | null;
  /** By hand or eye. */
  readonly lastSeen: Sighting | null;
  /** By radio. */
  readonly lastHeard: Sighting | null;
  readonly foundMissingAtMs: number;
  readonly assignee: string | null;
  readonly dueAtMs: number | null;
  readonly trail: readonly TrailEntry[];
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

/** Highest value first, unknown values after it, then the older case. */
export function byValueAtRisk(cases: readonly OpenCase[]): readonly OpenCase[] {
  return [...cases].sort((one, other) => (other.valueMinor ?? -1) - (one.valueMinor ?? -1) || one.number - other.number);
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
