/** What the round's screen can show. */

import type { Tour } from "../../core/tour.ts";

export type TourState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed" }
  /** `nextAtMs` null: no round is planned. */
  | { readonly kind: "empty"; readonly nextAtMs: number | null }
  | { readonly kind: "ready"; readonly tour: Tour; readonly takenAtMs: number };
