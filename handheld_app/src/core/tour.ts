/** Tour: the counts of one occasion of one shop day, and what this person does next with each. */

import { assertNever } from "./result.ts";

/** The states of a count, as the server names them. */
export const COUNT_STATES = [
  "PLANNED", "OPEN", "COUNTING", "SEALED_A", "VERIFYING", "SEALED_B", "REVEALED", "RECOUNTING", "RESOLVING", "RESULT_FIXED",
  "SIGNED_ONE", "SIGNED_OFF", "SIGNED_OFF_WITH_EXCEPTIONS", "SIGNED_OFF_SINGLE", "CLOSED", "MISSED", "ABANDONED", "VOIDED",
] as const;
export type CountState = (typeof COUNT_STATES)[number];

export const OCCASIONS = ["opening", "closing", "spot", "annual", "initial"] as const;
export type Occasion = (typeof OCCASIONS)[number];

export type Role = "A" | "B";

export interface TourCount {
  readonly id: string;
  readonly place: string;
  /** Below the shop, `/` between the levels: `Vitrine 3/Plateau 5`. */
  readonly path: string;
  readonly state: CountState;
  /** null: this person has no part in it yet. */
  readonly myRole: Role | null;
  readonly dueAtMs: number;
  /** The other person's name, once there is one. */
  readonly partner: string | null;
  /** The two rounds differ, and somebody still has a word to say on a piece. */
  readonly hasRecount: boolean;
  /** This person's signature stands, the other one is awaited. */
  readonly hasSigned: boolean;
}

export interface Tour {
  readonly id: string;
  readonly occasion: Occasion;
  /** `YYYY-MM-DD`. */
  readonly shopDay: string;
  /** The server's clock at this answer: what is late is told by it, not by the device's own. */
  readonly nowMs: number;
  readonly counts: readonly TourCount[];
}

/** What this person does next: the first five are buttons, the others are said. */
export type NextStep =
  | "count" | "continue" | "verify" | "continue_verifying" | "confirm"
  | "wait_for_verifier" | "partner_counts" | "partner_verifies" | "compare" | "explain" | "sign" | "partner_signs" | "others_sign" | "done" | "not_done";

/** Decide from state and role alone; the server decides again, with everything it knows. */
export function nextStep(count: TourCount): NextStep {
  const isMine = count.myRole;
  switch (count.state) {
    case "PLANNED":
      return "count";
    case "OPEN":
    case "COUNTING":
      return isMine === "A" ? "continue" : "partner_counts";
    case "SEALED_A":
      return isMine === "A" ? "wait_for_verifier" : "verify";
    case "VERIFYING":
      return isMine === "B" ? "continue_verifying" : "partner_verifies";
    case "SEALED_B":
      return "compare";
    case "REVEALED":
    case "RECOUNTING":
      // A third person may have to settle the lines, so everybody is offered them; the server knows who may.
      if (count.hasRecount) return "confirm";
      return isMine === null ? "others_sign" : "sign";
    case "RESOLVING":
      return "explain";
    case "RESULT_FIXED":
      return isMine === null ? "others_sign" : "sign";
    case "SIGNED_ONE":
      if (isMine === null) return "others_sign";
      return count.hasSigned ? "partner_signs" : "sign";
    case "SIGNED_OFF":
    case "SIGNED_OFF_WITH_EXCEPTIONS":
    case "SIGNED_OFF_SINGLE":
    case "CLOSED":
      return "done";
    case "MISSED":
    case "ABANDONED":
    case "VOIDED":
      return "not_done";
    default:
      return assertNever(count.state);
  }
}

/** Whether the count may be on this person's list: asking for the list fixes what is settled and names what is not. */
export function isForList(count: TourCount): boolean {
  const step = nextStep(count);
  return count.myRole !== null && (step === "sign" || step === "explain");
}

/** States of a count whose result is known. */
const REVEALED: readonly CountState[] = ["REVEALED", "RECOUNTING", "RESOLVING", "RESULT_FIXED", "SIGNED_ONE", "SIGNED_OFF_SINGLE", "CLOSED"];

/** Whether one person alone counted: told of every count that ended so, and of the own ones from their reveal on. */
export function isCountedAlone(count: TourCount): boolean {
  return count.state === "SIGNED_OFF_SINGLE" || (count.myRole === "A" && count.partner === null && REVEALED.includes(count.state));
}

export interface PlaceGroup {
  /** The showcase or safe; the whole path when the place has no parent. */
  readonly name: string;
  readonly counts: readonly TourCount[];
}

/** Counts grouped by their first level, groups and rows in the order of their paths, numbers inside names by value. */
export function groupByShowcase(counts: readonly TourCount[]): readonly PlaceGroup[] {
  const order = new Intl.Collator("fr", { numeric: true });
  const groups = new Map<string, TourCount[]>();
  for (const count of [...counts].sort((one, other) => order.compare(one.path, other.path))) {
    const name = count.path.split("/")[0] ?? count.path;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [count]);
    else group.push(count);
  }
  return [...groups].map(([name, members]) => ({ name, counts: members }));
}

/**
 * The own tray that is begun, else the next one to count or to verify, in the order of the screen after `path`, then from the top; null:
 * none is left. `done`: ids of counts that are done here, which the tour may not know yet.
 */
export function nextTray(counts: readonly TourCount[], path: string, wanted: { readonly step: "count" | "verify"; readonly done: ReadonlySet<string> }): TourCount | null {
  const order = groupByShowcase(counts).flatMap((group) => group.counts);
  const at = order.findIndex((count) => count.path === path);
  const others = [...order.slice(at + 1), ...order.slice(0, at + 1)].filter((count) => count.path !== path && !wanted.done.has(count.id));
  const begun = wanted.step === "count" ? "continue" : "continue_verifying";
  return others.find((count) => nextStep(count) === begun) ?? others.find((count) => nextStep(count) === wanted.step) ?? null;
}

/** Buttons of the rows in the order in which a person does them: what is begun first, then what is sealed, since its verifier must not fall behind. */
const ORDER_OF_WORK: readonly NextStep[] = ["continue", "continue_verifying", "confirm", "verify", "count"];

/** What this person does now: their own begun tray, else the first one to take; null: nothing is left to do here. */
export function nextWork(counts: readonly TourCount[]): { readonly count: TourCount; readonly step: NextStep } | null {
  const order = groupByShowcase(counts).flatMap((group) => group.counts);
  for (const step of ORDER_OF_WORK) {
    const count = order.find((one) => nextStep(one) === step);
    if (count !== undefined) return { count, step };
  }
  return null;
}

/** The whole path for a title: `Vitrine 3 · Plateau 5`; a number stays on the line of its word. */
export function titleOf(path: string): string {
  return path.replace(/ (?=\d)/g, "\u00a0").split("/").join("\u00a0· ");
}

/** The last level of a path: what stands on the tray's label. */
export function leafName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether the count should be over by now and nobody has finished counting it. */
export function isLate(count: TourCount, nowMs: number): boolean {
  const step = nextStep(count);
  return nowMs > count.dueAtMs && (step === "count" || step === "continue" || step === "partner_counts");
}
