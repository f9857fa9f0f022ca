/** What the board can show. */

import type { Decision, OpenCase } from "../../core/case.ts";

export type BoardState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed" }
  | { readonly kind: "forbidden" }
  /** This person counts blind: nothing of the board is shown until the seal. */
  | { readonly kind: "muted" }
  /** The session has ended. */
  | { readonly kind: "expired" }
  | {
      readonly kind: "ready";
      readonly cases: readonly OpenCase[];
      readonly currency: string;
      readonly progress: { readonly done: number; readonly all: number };
      readonly lastCountAtMs: number | null;
    };

/** What a manager does about a case. */
export type CaseAct = { readonly kind: "investigate" } | { readonly kind: "decide"; readonly decision: Decision };

/** Where the last act stands. `code`: the server's word for its refusal, or "unreachable". */
export type ActState =
  | { readonly kind: "idle" }
  | { readonly kind: "working" }
  | { readonly kind: "refused"; readonly caseId: string; readonly code: string };
