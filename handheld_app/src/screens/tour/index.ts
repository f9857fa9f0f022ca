/** Tour: the round of now from the server, or the one taken last when the line is down. */

import type { Client } from "../../api/client.ts";
import type { LinkState } from "../../core/link.ts";
import type { DeviceStore } from "../../storage/device_store.ts";
import type { TourState } from "./tour_state.ts";

export interface LoadedTour {
  readonly state: TourState;
  readonly link: LinkState["kind"];
}

export async function loadTour(client: Client, device: DeviceStore, nowMs: number): Promise<LoadedTour> {
  const answer = await client.currentTour();
  if (answer.ok) {
    await device.keepTour({ tour: answer.value, takenAtMs: nowMs });
    return { state: { kind: "ready", tour: answer.value, takenAtMs: nowMs }, link: "online" };
  }
  if (answer.error.kind === "refused" && answer.error.status === 404) return { state: { kind: "empty", nextAtMs: null }, link: "online" };
  const kept = await device.tour();
  const link = answer.error.kind === "signed_out" ? "expired" : "offline";
  return { state: kept === undefined ? { kind: "failed" } : { kind: "ready", ...kept }, link };
}
