/** How each class of finding looks: fill and shape; the word comes from the catalogue. */

import type { Finding, OpenCase } from "../../core/case.ts";
import { titleOf } from "../../core/tour.ts";
import { text } from "../../text.ts";
import type { IconName } from "../../ui/icons.ts";
import type { Tone } from "../../ui/tone.ts";

export interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
}

export const FINDING_LOOK: Readonly<Record<Finding, Look>> = {
  missing: { tone: "bad", icon: "cross" },
  missing_overnight: { tone: "bad", icon: "cross" },
  tag_only: { tone: "bad", icon: "half" },
  round_conflict: { tone: "bad", icon: "people" },
  sold_present: { tone: "odd", icon: "found" },
  duplicate_epc: { tone: "bad", icon: "scan" },
  tag_mismatch: { tone: "bad", icon: "scan" },
  quantity_gap: { tone: "bad", icon: "hollow" },
  misplaced: { tone: "warn", icon: "triangle" },
  ambiguous_location: { tone: "warn", icon: "triangle" },
  should_be_out: { tone: "odd", icon: "turn" },
  unexpected: { tone: "odd", icon: "lozenge" },
  unknown_tag: { tone: "odd", icon: "lozenge" },
  unverified: { tone: "warn", icon: "eye" },
  late_move: { tone: "info", icon: "clock" },
  untagged: { tone: "info", icon: "half" },
  other: { tone: "odd", icon: "lozenge" },
};

/** A gap of the first count alone: no fill, a hollow shape, its own word. */
export const TO_CONFIRM_LOOK: Look = { tone: "todo", icon: "hollow" };

/** What the row is about: the piece's name, a place's path, or the class alone for a tag of no piece. */
export function subjectOf(item: OpenCase): string {
  return item.name === "" ? findingWord(item) : item.reference === null ? titleOf(item.name) : item.name;
}

/** The class in a word; a class that this app does not know is called other, with the server's own word. */
export function findingWord(item: OpenCase): string {
  return item.finding === "other" ? `${text.finding.other}\u00a0(${item.findingCode})` : text.finding[item.finding];
}
