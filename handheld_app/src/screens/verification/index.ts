/** Verification: takes the verification of a count, and waits where waiting is all there is to do. */

import type { CallFailure, Client } from "../../api/client.ts";
import type { Sheet } from "../../core/sheet.ts";
import { ok, type Result } from "../../core/result.ts";

/** Refusals that end by themselves: A searches for a minute, the draw needs the next checkpoint, the server is busy. */
const PASSING_CODES: ReadonlySet<string> = new Set(["searching", "asks_open", "signer_down", "store_busy"]);
/** Pause before the verification is asked for again, ms. */
export const CLAIM_AGAIN_MS = 1_500;

export function isPassing(failure: CallFailure): boolean {
  return failure.kind === "refused" && PASSING_CODES.has(failure.problem.code);
}

/** The sheet as B holds it: claimed when it is free, renewed when it is B's, only shown when it is further on or A goes on alone. */
export async function takeUp(client: Client, count: string, isAlone: boolean): Promise<Result<Sheet, CallFailure>> {
  const shown = await client.showCount(count);
  if (!shown.ok || isAlone) return shown;
  const isOpen = shown.value.state === "SEALED_A" || (shown.value.state === "VERIFYING" && shown.value.myRole === "B");
  return isOpen ? client.claim(count) : ok(shown.value);
}
