/**
 * Wedge: tells a scanner that types from a person who types.
 *
 * A scanner sends its characters at most `gapMs` apart and ends with a terminator; a person is slower. With a prefix
 * set in the scanner's profile the start is certain even inside a text field. Fed from `keydown` and, where Android
 * gives only key code 229, from `input` events. Pure: the listener in `readers/` owns the events.
 */

export interface WedgeSettings {
  /** Longest pause inside one scan, ms, 50 to 300. 55 broke RFID readers in the field; 100 holds. */
  readonly gapMs: number;
  /** First character of every scan, or null when the profile sets none. */
  readonly prefix: string | null;
}

export const DEFAULT_WEDGE: WedgeSettings = { gapMs: 100, prefix: null };
/** A shorter burst is a person who hit two keys and Enter. */
export const SCAN_CHARS_MIN = 4;
/** A longer burst is no label of ours (the longest, a digital link, has under 200); it is dropped up to its terminator. */
export const SCAN_CHARS_MAX = 512;
/** From this many hexadecimal digits on a scan is an EPC (96 bits or more). */
export const EPC_DIGITS_MIN = 24;

export interface Scan {
  readonly kind: "epc" | "code";
  /** An EPC in upper case; any other code exactly as sent, without prefix and terminator. */
  readonly text: string;
  /** Clock of the terminator. */
  readonly atMs: number;
}

export interface WedgeState {
  readonly buffer: string;
  readonly lastMs: number;
  readonly mode: "idle" | "gathering" | "overflow";
}

export interface WedgeStep {
  readonly state: WedgeState;
  readonly scans: readonly Scan[];
}

const IDLE: WedgeState = { buffer: "", lastMs: 0, mode: "idle" };
const TERMINATORS = new Set(["\r", "\n", "\t"]);
const NAMED_TERMINATORS: ReadonlyMap<string, string> = new Map([["Enter", "\n"], ["Tab", "\t"]]);

export function idleWedge(): WedgeState {
  return IDLE;
}

/** Feed one `KeyboardEvent.key`. Shift, Alt, Unidentified and their like change nothing: some firmware sets Alt on every scanned key. */
export function feedKey(state: WedgeState, key: string, atMs: number, settings: WedgeSettings = DEFAULT_WEDGE): WedgeStep {
  const character = NAMED_TERMINATORS.get(key) ?? key;
  return [...character].length === 1 ? feedText(state, character, atMs, settings) : { state, scans: [] };
}

/** Feed text that arrived at once through an `input` event; it may hold a part of a scan or several scans. */
export function feedText(state: WedgeState, text: string, atMs: number, settings: WedgeSettings = DEFAULT_WEDGE): WedgeStep {
  let current = state;
  const scans: Scan[] = [];
  for (const character of text) {
    const step = feedCharacter(current, character, atMs, settings);
    current = step.state;
    scans.push(...step.scans);
  }
  return { state: current, scans };
}

/** Tell what a scanned text is by its shape alone; the server finds the piece. */
export function classify(text: string, atMs: number): Scan {
  const isEpc = text.length >= EPC_DIGITS_MIN && /^[0-9a-f]+$/i.test(text);
  return isEpc ? { kind: "epc", text: text.toUpperCase(), atMs } : { kind: "code", text, atMs };
}

function feedCharacter(state: WedgeState, character: string, atMs: number, settings: WedgeSettings): WedgeStep {
  const isLate = state.mode !== "idle" && atMs - state.lastMs > settings.gapMs;
  const current = isLate ? IDLE : state;
  if (TERMINATORS.has(character)) return { state: IDLE, scans: finished(current, atMs) };
  if (settings.prefix !== null && character === settings.prefix) {
    return { state: { buffer: "", lastMs: atMs, mode: "gathering" }, scans: [] };
  }
  if (settings.prefix !== null && current.mode === "idle") return { state: IDLE, scans: [] };
  if (current.mode === "overflow" || current.buffer.length >= SCAN_CHARS_MAX) {
    return { state: { buffer: "", lastMs: atMs, mode: "overflow" }, scans: [] };
  }
  return { state: { buffer: current.buffer + character, lastMs: atMs, mode: "gathering" }, scans: [] };
}

function finished(state: WedgeState, atMs: number): readonly Scan[] {
  const text = state.buffer.trim();
  return state.mode === "gathering" && text.length >= SCAN_CHARS_MIN ? [classify(text, atMs)] : [];
}
