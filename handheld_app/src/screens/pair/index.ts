/** Pair: claims a one-time link and keeps what it gave before anything else happens. */

import type { Client } from "../../api/client.ts";
import type { Pairing } from "../../core/device.ts";
import { failed, ok, type Result } from "../../core/result.ts";
import type { DeviceStore } from "../../storage/device_store.ts";

export type PairFailure = "used" | "unreachable";

export async function pair(token: string, client: Client, device: DeviceStore): Promise<Result<Pairing, PairFailure>> {
  const answer = await client.claimPairing(token);
  if (!answer.ok) return failed(answer.error.kind === "refused" ? "used" : "unreachable");
  await device.keepPairing(answer.value);
  return ok(answer.value);
}
