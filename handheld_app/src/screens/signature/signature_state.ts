/** What the signature's page can show. */

import type { AfterSigning, SigningException, SigningList } from "../../core/signing.ts";
import type { Occasion } from "../../core/tour.ts";

/** Which tour the list is of; null until it is loaded. */
export interface TourName {
  readonly occasion: Occasion;
  readonly shopDay: string;
}

/** `refused`: the server's word, or "unreachable". Nothing is signed. */
export type SigningStep = { readonly kind: "ready" } | { readonly kind: "working" } | { readonly kind: "refused"; readonly code: string };

export interface ShownList {
  readonly list: SigningList;
  readonly exceptions: readonly SigningException[];
  /** When it was first shown. */
  readonly openedAtMs: number;
}

export type SignatureState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed" }
  /** `waitsFor`: whom lists that this person signed still wait for. */
  | { readonly kind: "nothing"; readonly waitsFor: readonly string[] }
  | { readonly kind: "expired" }
  /** `code`: why the server does not show a list, such as "counting_blind". */
  | { readonly kind: "withheld"; readonly code: string }
  | { readonly kind: "list"; readonly shown: ShownList; readonly step: SigningStep }
  /** `hasNext`: another list waits for this person. */
  | { readonly kind: "signed"; readonly list: SigningList; readonly atMs: number; readonly after: AfterSigning; readonly hasNext: boolean };
