/** Validate: the one door through which foreign values come in. Nothing behind it is `unknown`. */

import * as v from "valibot";

import { failed, ok, type Result } from "./result.ts";

/** Where the value broke its shape, such as `counts.0.state`, and what was expected there. */
export interface Misfit {
  readonly kind: "misfit";
  readonly at: string;
  readonly why: string;
}

export type Shape<T> = v.GenericSchema<unknown, T>;

/** Check `value` against `shape`; keys that the shape does not name are dropped. */
export function validate<T>(shape: Shape<T>, value: unknown): Result<T, Misfit> {
  const outcome = v.safeParse(shape, value, { abortEarly: true });
  if (outcome.success) return ok(outcome.output);
  const issue = outcome.issues[0];
  return failed({ kind: "misfit", at: v.getDotPath(issue) ?? "", why: issue.message });
}

/** Check text that claims to be JSON; text that is none is a misfit at the top. */
export function validateJson<T>(shape: Shape<T>, text: string): Result<T, Misfit> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
  return parsed.success ? validate(shape, parsed.output) : failed({ kind: "misfit", at: "", why: "not JSON" });
}
