/** Sign-in: a paired device, a person and their PIN make a session. */

import type { CallFailure, Client } from "../../api/client.ts";
import type { Session } from "../../api/shapes.ts";
import type { Pairing } from "../../core/device.ts";
import { failed, type Result } from "../../core/result.ts";

export type SignInFailure = { readonly kind: "wrong_pin" } | { readonly kind: "locked" } | { readonly kind: "unreachable" } | { readonly kind: "unpaired" };

/** Codes of the server that name a device on which nobody signs in. */
const UNPAIRED_CODES: ReadonlySet<string> = new Set(["no_sign_in_here"]);

export async function signIn(choice: { readonly person: string; readonly pin: string }, pairing: Pairing, client: Client): Promise<Result<Session, SignInFailure>> {
  const answer = await client.signIn(pairing.deviceSecret, choice);
  return answer.ok ? answer : failed(failureOf(answer.error));
}

function failureOf(error: CallFailure): SignInFailure {
  if (error.kind === "unreachable" || error.kind === "misfit") return { kind: "unreachable" };
  // Nobody can be signed out before signing in: the server does not know the device's secret any more.
  if (error.kind === "signed_out") return { kind: "unpaired" };
  if (UNPAIRED_CODES.has(error.problem.code)) return { kind: "unpaired" };
  if (error.problem.code === "pin_locked") return { kind: "locked" };
  // A server or a signer that is down says so with 5xx; the PIN may well be right.
  return { kind: error.status >= 500 ? "unreachable" : "wrong_pin" };
}
