/**
 * Counting: what a person with a blind round may see before the own seal. No figure and nothing that one could be told
 * from: each stage is a word and a shape. The server sends no more than this; these types have no room for more.
 */

import { assertNever } from "./result.ts";

export type CountingStage =
  | { readonly kind: "place_tray" }
  | { readonly kind: "reading" }
  | { readonly kind: "turn" }
  | { readonly kind: "stable" }
  /** No reader stands for this place: every label is scanned by hand. */
  | { readonly kind: "by_hand" }
  /** The seal is written on this device; the readers hand over their last reads, or the network is away. */
  | { readonly kind: "sealing" }
  | { readonly kind: "sealed" }
  | { readonly kind: "paused" }
  | { readonly kind: "reader_lost" };

/** What the server says of a round while it listens. */
export const HEARD_STAGES = ["reading", "turn", "stable"] as const;
export type HeardStage = (typeof HEARD_STAGES)[number];

/** The readers of the round as a whole. `asking`: not known yet. */
export type Readers = "asking" | "none" | "listening" | "lost";

/** What the last scan came to, said without its code: a code has digits. */
export type ScanWord = "noted" | "again" | "not_stored";

export interface Counting {
  readonly phase: "open" | "paused" | "sealing" | "sealed";
  /** null: nothing was heard yet. */
  readonly heard: HeardStage | null;
  readonly isUnknownHeard: boolean;
  readonly readers: Readers;
  /** null: nothing was scanned since the screen opened. */
  readonly scan: ScanWord | null;
  /** Grows with every scan, so that the same word said twice is seen twice. Shown to nobody. */
  readonly scans: number;
  /** Codes that are in the outbox already. */
  readonly codes: ReadonlySet<string>;
  /** Code of the last seal's refusal; null: it was not refused. */
  readonly sealRefusal: string | null;
}

export type CountingInput =
  | { readonly kind: "stage"; readonly stage: HeardStage; readonly isUnknownHeard: boolean }
  | { readonly kind: "readers"; readonly readers: Readers }
  /** These codes are on the disk now; none: all of them were there before. */
  | { readonly kind: "scanned"; readonly codes: readonly string[] }
  /** The disk refused. */
  | { readonly kind: "not_stored" }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | { readonly kind: "seal_written" }
  /** The server did not take the seal: the round is open again, and the refusal is shown. */
  | { readonly kind: "seal_refused"; readonly code: string }
  | { readonly kind: "sealed" };

export function freshCounting(): Counting {
  return { phase: "open", heard: null, isUnknownHeard: false, readers: "asking", scan: null, scans: 0, codes: new Set(), sealRefusal: null };
}

/** The state after one input. A sealed round hears nothing more. */
export function withInput(counting: Counting, input: CountingInput): Counting {
  if (counting.phase === "sealed") return counting;
  switch (input.kind) {
    case "stage":
      return { ...counting, heard: input.stage, isUnknownHeard: counting.isUnknownHeard || input.isUnknownHeard };
    case "readers":
      return { ...counting, readers: input.readers };
    case "scanned": {
      const word = input.codes.length > 0 ? "noted" : "again";
      return { ...counting, scan: word, scans: counting.scans + 1, codes: new Set([...counting.codes, ...input.codes]) };
    }
    case "not_stored":
      return { ...counting, scan: "not_stored", scans: counting.scans + 1 };
    case "paused":
      return counting.phase === "open" ? { ...counting, phase: "paused" } : counting;
    case "resumed":
      return { ...counting, phase: "open" };
    case "seal_refused":
      return { ...counting, phase: counting.phase === "sealing" ? "open" : counting.phase, sealRefusal: input.code };
    case "seal_written":
      return { ...counting, phase: "sealing", sealRefusal: null };
    case "sealed":
      return { ...counting, phase: "sealed" };
    default:
      return assertNever(input);
  }
}

export function stageOf(counting: Counting): CountingStage {
  if (counting.phase !== "open") return { kind: counting.phase };
  if (counting.readers === "lost") return { kind: "reader_lost" };
  if (counting.readers === "none") return { kind: "by_hand" };
  return { kind: counting.heard ?? "place_tray" };
}

/** A stable tray is sealed, or one that no reader reads. One whose reader is silent is sealed with the gap said by name. */
export function maySeal(stage: CountingStage): boolean {
  return stage.kind === "stable" || stage.kind === "by_hand" || stage.kind === "reader_lost";
}

/** Codes of one scan or one paste that are not in the outbox yet, in their order, each once. */
export function newCodes(counting: Counting, codes: readonly string[]): readonly string[] {
  return [...new Set(codes)].filter((code) => !counting.codes.has(code));
}

/** Longest code of a label; a longer text is no label of ours. The server refuses more. */
export const CODE_CHARS_MAX = 64;

/** Codes in a text that was typed or pasted: one a line, or parted by blanks, commas or semicolons. */
export function codesIn(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter((code) => code !== "" && code.length <= CODE_CHARS_MAX);
}

export interface ReaderShown {
  readonly name: string;
  readonly protocol: string;
  readonly isConnected: boolean;
}

/** Protocols of readers that hear no tag: their scans are labels, so they decide nothing about a stage. */
const SCANNERS: ReadonlySet<string> = new Set(["barcode_line", "barcode_ssi", "hid_keyboard", "hid_pos"]);

export function isScanner(reader: ReaderShown): boolean {
  return SCANNERS.has(reader.protocol);
}

/** How the radio readers of a place stand together: one that answers is enough to read. */
export function readersAsOne(readers: readonly ReaderShown[]): Readers {
  const radios = readers.filter((reader) => !isScanner(reader));
  if (radios.length === 0) return "none";
  return radios.some((reader) => reader.isConnected) ? "listening" : "lost";
}
