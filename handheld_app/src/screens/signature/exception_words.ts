/** The sentence of one reason on a line: what it is, and which pieces it is about where the cases name them. */

import type { ExceptionReason } from "../../core/signing.ts";
import { wordFor } from "../../core/words.ts";
import { text } from "../../text.ts";

/** A reason without a sentence in this app shows as the server's own word: it is never left out. */
export function sentenceOf(reason: ExceptionReason): string {
  const sentence = wordFor(text.signException, reason.code) ?? wordFor(text.finding, reason.code) ?? text.signExceptionOther(reason.code);
  return reason.subjects.length === 0 ? `${sentence}.` : text.signAbout(sentence, reason.subjects.join(", "));
}
