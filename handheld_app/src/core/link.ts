/** Link: what this device may say about its line to the server, told by its own heartbeat and not by the browser. */

export type LinkState =
  | { readonly kind: "online" }
  | { readonly kind: "slow" }
  | { readonly kind: "offline"; readonly waiting: number }
  | { readonly kind: "expired"; readonly waiting: number };
