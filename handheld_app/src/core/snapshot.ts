/**
 * Snapshot: when a screen that shows what the server knows asks for it again. At most one request is on its way; whatever is
 * said meanwhile asks for one more after it, however often it is said.
 */

export type SnapshotState = "idle" | "loading" | "loading_stale";

/** Something changed. `isDue`: ask now. */
export function wanted(state: SnapshotState): { readonly state: SnapshotState; readonly isDue: boolean } {
  return state === "idle" ? { state: "loading", isDue: true } : { state: "loading_stale", isDue: false };
}

/** The answer came, or failed. `isDue`: something changed while it was on its way, ask again. */
export function arrived(state: SnapshotState): { readonly state: SnapshotState; readonly isDue: boolean } {
  return state === "loading_stale" ? { state: "loading", isDue: true } : { state: "idle", isDue: false };
}
