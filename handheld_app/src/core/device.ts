/** Device: what a paired browser profile knows of itself and of its shop. */

export interface Shop {
  readonly name: string;
  /** IANA zone: clocks on every screen are the shop's. */
  readonly zone: string;
  /** ISO code. */
  readonly currency: string;
}

export interface Pairing {
  readonly deviceId: string;
  /** Shown to the server at every sign-in; a one-time link gave it, and no screen shows it. */
  readonly deviceSecret: string;
  readonly shop: Shop;
}

/** The token in a pairing link's fragment (`#pair=…`), which no server and no log ever sees; null when there is none. */
export function tokenInLink(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("pair");
  return token === null || token.trim() === "" ? null : token.trim();
}
