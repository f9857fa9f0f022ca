/** Tour: the round of now from the server, or the one taken last when the line is down. */

import type { Client } from "../../api/client.ts";
import type { LinkState } from "../../core/link.ts";
import type { DeviceStore } from "../../storage/device_store.ts";
import type { TourState } from "./tour_state.ts";

export interface LoadedTour {
  readonly state: TourState;
  /** How far the server's clock is ahead of the device's, ms; null: the server was not heard. */
  readonly skewMs: number | null;
  readonly link: LinkState["kind"];
}

/** A longer wait for the tour is told as a slow network, ms. */
export const SLOW_MS = 3_000;

/** `clock`: the device's own, ms. */
export async function loadTour(client: Client, device: DeviceStore, clock: () => number): Promise<LoadedTour> {
  const deviceMs = clock();
  const answer = await client.currentTour();
  const reached = clock() - deviceMs > SLOW_MS ? "slow" : "online";
  if (answer.ok) {
    const kept = { tour: answer.value, takenAtMs: answer.value.nowMs };
    await device.keepTour(kept);
    return { state: { kind: "ready", ...kept }, link: reached, skewMs: answer.value.nowMs - deviceMs };
  }
  if (answer.error.kind === "refused" && answer.error.status === 404) return { state: { kind: "empty" }, link: reached, skewMs: null };
  const kept = await device.tour();
  const link = answer.error.kind === "signed_out" ? "expired" : "offline";
  return { state: kept === undefined ? { kind: "failed" } : { kind: "ready", ...kept }, link, skewMs: null };
}
