/**
 * Counting: what A may see before the own seal. No figure and nothing that one could be told from: each stage is a
 * word and a shape. The server sends no more than this; these types have no room for more.
 */

export type CountingStage =
  | { readonly kind: "place_tray" }
  | { readonly kind: "reading" }
  | { readonly kind: "turn" }
  | { readonly kind: "stable" }
  | { readonly kind: "sealed" }
  | { readonly kind: "paused" }
  | { readonly kind: "reader_lost" };

/** Only a stable tray is sealed; lifting it does the same. */
export function maySeal(stage: CountingStage): boolean {
  return stage.kind === "stable";
}
