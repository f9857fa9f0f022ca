/** Result: what a step gave, or why it could not; failures that the world causes are values, not exceptions. */

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failed<E> {
  readonly ok: false;
  readonly error: E;
}

export type Result<T, E> = Ok<T> | Failed<E>;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function failed<E>(error: E): Failed<E> {
  return { ok: false, error };
}

/** For the end of a full `switch`: a case that nobody wrote stops the type check, not the shop. */
export function assertNever(value: never): never {
  throw new Error(`No case was written for ${JSON.stringify(value)}.`);
}
