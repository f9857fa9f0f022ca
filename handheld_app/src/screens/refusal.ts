/** Refusal: why something was not done, as a sentence that says what to do next. */

import type { CallFailure } from "../api/client.ts";
import { wordFor } from "../core/words.ts";
import { text } from "../text.ts";

/** The code of a failed call: the server's own, or the word for a line that does not carry. */
export function codeOf(failure: CallFailure): string {
  switch (failure.kind) {
    case "refused":
      return failure.problem.code;
    case "signed_out":
      return "not_signed_in";
    case "unreachable":
    case "misfit":
      return failure.kind;
  }
}

/** Our own sentence for a known code; else the server's, in its language; else the code itself. */
export function refusalOf(why: string | CallFailure): string {
  const isCode = typeof why === "string";
  const code = isCode ? why : codeOf(why);
  const sentence = !isCode && why.kind === "refused" ? why.problem.sentence : "";
  return wordFor(text.refusal, code) ?? (sentence === "" ? text.refusedUnknown(code) : sentence);
}
