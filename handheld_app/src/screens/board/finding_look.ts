/** How each class of finding looks: fill and shape; the word comes from the catalogue. */

import type { Finding } from "../../core/case.ts";
import type { Tone } from "../../ui/tone.ts";
import type { IconName } from "../../ui/icons.ts";

export const FINDING_LOOK: Readonly<Record<Finding, { readonly tone: Tone; readonly icon: IconName }>> = {
  missing: { tone: "bad", icon: "cross" },
  unexpected: { tone: "odd", icon: "lozenge" },
  misplaced: { tone: "warn", icon: "triangle" },
  duplicate: { tone: "bad", icon: "people" },
  sold_present: { tone: "odd", icon: "found" },
  should_be_out: { tone: "odd", icon: "turn" },
  tag_only: { tone: "bad", icon: "half" },
  quantity_gap: { tone: "bad", icon: "hollow" },
};
