import { describe, expect, it } from "vitest";

import { homeOf, screenOf } from "../../src/core/screen.ts";
import { type Ask, isRoundOpen, type Sheet } from "../../src/core/sheet.ts";
import { isCountedAlone, nextStep, nextTray, nextWork, type TourCount } from "../../src/core/tour.ts";
import { stepOf } from "../../src/core/verification.ts";

const ask: Ask = { reference: "BAG-000001", name: "Ring", reason: "draw", answer: "unanswered" };
const sheet = (more: Partial<Sheet>): Sheet => ({
  id: "c", path: "Plateau 1", occasion: "opening", state: "VERIFYING", myRole: "B", mode: "challenge", round: { id: "r", kind: null }, searchUntilMs: null,
  quantity: "keyed", asks: [], isEveryLabelNeeded: false, recount: [], ...more,
});
const blind = { mode: "blind", round: { id: "r", kind: "B1" } } as const;

describe("steps of a verification", () => {
  it.each<[string, Partial<Sheet>, string]>([
    ["a count nobody verifies is claimed", { state: "SEALED_A", myRole: null, quantity: null, mode: null, round: null }, "claim"],
    ["who goes on alone is asked as a verifier is", { state: "SEALED_A", myRole: "A", mode: "solo", quantity: "needed" }, "quantity"],
    ["and shows pieces too", { state: "SEALED_A", myRole: "A", mode: "solo", asks: [ask] }, "asks"],
    ["the quantity comes first", { quantity: "needed", asks: [ask] }, "quantity"],
    ["the quantity comes before the own blind round too", { ...blind, quantity: "needed" }, "quantity"],
    ["a blind verifier reads the tray", { ...blind, asks: [ask] }, "round"],
    ["after the own seal come the labels, when quantity and tags differ", { mode: "blind", round: null, isEveryLabelNeeded: true, asks: [ask] }, "labels"],
    ["then the asked pieces", { asks: [ask] }, "asks"],
    ["a challenge is never a whole round", { mode: "challenge", round: { id: "r", kind: null }, asks: [ask] }, "asks"],
    ["what is answered stays in sight above the seal", { asks: [{ ...ask, answer: "present" }] }, "asks"],
    ["nothing was asked", { asks: [] }, "seal"],
    ["what both must confirm", { state: "REVEALED", quantity: null, recount: [{ reference: "BAG-000001", name: "", myWord: null }] }, "recount"],
    ["my word is given", { state: "RECOUNTING", quantity: null, recount: [{ reference: "BAG-000001", name: "", myWord: "absent" }] }, "done"],
    ["a case is open", { state: "RESOLVING", quantity: null }, "done"],
  ])("%s", (_, more, kind) => {
    expect(stepOf(sheet(more)).kind).toBe(kind);
  });

  it("knows a sealed round that still carries a scanner's codes from an open one", () => {
    expect(isRoundOpen(sheet(blind), "r")).toBe(true);
    expect(isRoundOpen(sheet({ ...blind, round: { id: "r", kind: null } }), "r")).toBe(false);
    expect(isRoundOpen(sheet({ round: null }), "r")).toBe(false);
    expect(isRoundOpen(sheet({ round: { id: "other", kind: "A2" } }), "r")).toBe(false);
  });

  it("says when a gap is left to explain", () => {
    expect(stepOf(sheet({ state: "RESOLVING" }))).toEqual({ kind: "done", isExplained: false });
    expect(stepOf(sheet({ state: "REVEALED" }))).toEqual({ kind: "done", isExplained: true });
  });
});

describe("the way through the screens", () => {
  const count = (path: string, state: TourCount["state"], myRole: TourCount["myRole"] = null): TourCount =>
    ({ id: path, place: path, path, state, myRole, dueAtMs: 0, partner: null, hasRecount: state === "RECOUNTING", hasSigned: false });

  it("begins at the board for who answers for the shop and at the tour for who counts", () => {
    expect(homeOf(["count"])).toEqual({ kind: "tour" });
    expect(homeOf(["count", "manage", "own", "read"])).toEqual({ kind: "board" });
  });

  it("leads from a count to the screen of its next step, and nowhere when nothing is to be done", () => {
    const led = (one: TourCount): string | undefined => screenOf(nextStep(one), one)?.kind;

    expect(led(count("P 1", "PLANNED"))).toBe("count");
    expect(led(count("P 1", "SEALED_A"))).toBe("verify");
    expect(led(count("P 1", "SEALED_A", "A"))).toBe("alone");
    expect(led(count("P 1", "RECOUNTING", "A"))).toBe("recount");
    expect(led(count("P 1", "REVEALED", "A"))).toBe(undefined);
  });

  it("does what is begun first, then verifies, then counts", () => {
    const counts = [count("V 1/P 1", "SEALED_A"), count("V 1/P 2", "PLANNED"), count("V 2/P 1", "COUNTING", "A"), count("V 2/P 2", "SEALED_A", "A")];
    const work = (from: number) => nextWork(counts.filter((_, at) => at < from))?.count.path;

    expect([4, 2, 0].map(work)).toEqual(["V 2/P 1", "V 1/P 1", undefined]);
    expect(nextWork(counts.slice(1, 2))?.count.path).toBe("V 1/P 2");
    expect(nextWork(counts.slice(3))).toBe(null);
  });

  it("tells a count by one person alone from one whose second person is known or still awaited", () => {
    const partner = { ...count("P 1", "CLOSED", "A"), partner: "Marc" };

    expect([count("P 1", "SIGNED_OFF_SINGLE"), count("P 1", "CLOSED", "A")].map(isCountedAlone)).toEqual([true, true]);
    expect([count("P 1", "SEALED_A", "A"), partner, count("P 1", "CLOSED")].map(isCountedAlone)).toEqual([false, false, false]);
  });

  it("takes the next tray below, then from the top, and none of the other kind", () => {
    const counts = [count("V 1/P 10", "PLANNED"), count("V 1/P 2", "PLANNED"), count("V 1/P 3", "SEALED_A"), count("V 2/P 1", "SEALED_A", "A")];

    expect(nextTray(counts, "V 1/P 2", { step: "count", done: new Set() })?.path).toBe("V 1/P 10");
    expect(nextTray(counts, "V 1/P 10", { step: "count", done: new Set() })?.path).toBe("V 1/P 2");
    expect(nextTray(counts, "V 1/P 2", { step: "verify", done: new Set() })?.path).toBe("V 1/P 3");
    expect(nextTray(counts, "V 1/P 3", { step: "verify", done: new Set() })).toBe(null);
  });
});
