/** What the round's screen can show. */

import type { Tour } from "../../core/tour.ts";

export type TourState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed" }
  /** No tray waits for a count. */
  | { readonly kind: "empty" }
  | { readonly kind: "ready"; readonly tour: Tour; readonly takenAtMs: number };
