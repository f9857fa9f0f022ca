/** Search: A's minute after the seal to find what was silent. What is found by hand is ticked; B will ask for it again. */

import type { SearchList, SilentPiece } from "./sheet.ts";

export interface Sought extends SilentPiece {
  readonly isFound: boolean;
}

export interface Search {
  readonly round: string;
  readonly untilMs: number;
  /** In the order of the server: by reference. */
  readonly pieces: readonly Sought[];
}

export function beginSearch(list: SearchList): Search {
  return { round: list.round, untilMs: list.untilMs, pieces: list.silent.map((piece) => ({ ...piece, isFound: false })) };
}

/** The reference in a label's code: what stands before its last point. Any other text is its own reference. */
export function referenceIn(code: string): string {
  const point = code.lastIndexOf(".");
  return point > 0 ? code.slice(0, point) : code;
}

/** The search after one scan; a label of another piece changes nothing. */
export function withScan(search: Search, code: string): Search {
  const reference = referenceIn(code);
  return { ...search, pieces: search.pieces.map((piece) => (piece.reference === reference ? { ...piece, isFound: true } : piece)) };
}

/** The search after the server said what is still silent: everything else on the list was heard. */
export function withSilent(search: Search, silent: readonly SilentPiece[]): Search {
  const left = new Set(silent.map((piece) => piece.reference));
  return { ...search, pieces: search.pieces.map((piece) => ({ ...piece, isFound: piece.isFound || !left.has(piece.reference) })) };
}

export function soughtLeft(search: Search): number {
  return search.pieces.filter((piece) => !piece.isFound).length;
}

/** Whole seconds left, never below nought. */
export function secondsLeft(search: Search, nowMs: number): number {
  return Math.max(0, Math.ceil((search.untilMs - nowMs) / 1_000));
}

/** Over by time, or because nothing is left to find. */
export function isOver(search: Search, nowMs: number): boolean {
  return soughtLeft(search) === 0 || nowMs >= search.untilMs;
}
