/** Refusal: why the server did not do it, as a sentence that says what to do next. */

import type { CallFailure } from "../api/client.ts";
import { text } from "../text.ts";

/** Our own sentence for a known code; else the server's, in its language; else the code itself. */
export function refusalOf(code: string, sentence = ""): string {
  const known = Object.entries(text.refusal).find(([name]) => name === code);
  return known?.[1] ?? (sentence === "" ? text.refusedUnknown(code) : sentence);
}

export function refusalSentence(failure: CallFailure): string {
  switch (failure.kind) {
    case "unreachable":
      return text.refusedUnreachable;
    case "signed_out":
      return text.refusedSignedOut;
    case "misfit":
      return text.refusedMisfit;
    case "refused":
      return refusalOf(failure.problem.code, failure.problem.sentence);
  }
}
