import { describe, expect, it } from "vitest";

import { byValueAtRisk, type Decision, evidenceFor, findingOf, isSupported, mayAct, type OpenCase, OUTCOMES, searchWindows, totalsByClass } from "../../src/core/case.ts";

const open = (more: Partial<OpenCase>): OpenCase => ({
  id: "1", number: 1, isConfirmed: true, finding: "missing", findingCode: "missing", state: "open", reference: "r", name: "n", valueMinor: null, currency: "EUR",
  home: null, heardIn: null, lastSeen: null, lastHeard: null, foundMissingAtMs: 100, assignee: null, dueAtMs: null, trail: [], ...more,
});

describe("case", () => {
  it("tells two windows: since a person saw the piece and since an antenna heard it", () => {
    const item = open({ lastSeen: { atMs: 40, path: "p", by: "Inès" }, lastHeard: { atMs: 90, path: "p", by: null } });

    expect(searchWindows(item)).toEqual({ seenMs: 60, heardMs: 10 });
    expect(searchWindows(open({}))).toEqual({ seenMs: null, heardMs: null });
  });

  it("puts the dearest first and unknown values last, and what has a case before what is to be confirmed", () => {
    const cases = [open({ id: "g", number: null, reference: "z" }), open({ id: "a" }), open({ id: "f", number: null, reference: "y" }), open({ id: "c", number: 3, valueMinor: 9 })];

    expect(byValueAtRisk(cases).map((item) => item.id)).toEqual(["c", "a", "f", "g"]);
  });

  it("adds up each class, most urgent first", () => {
    const cases = [open({ finding: "misplaced", valueMinor: 9 }), open({}), open({ valueMinor: 5 })];

    expect(totalsByClass(cases)).toEqual([{ finding: "missing", count: 2, valueMinor: 5 }, { finding: "misplaced", count: 1, valueMinor: 9 }]);
  });

  it("calls a class that it does not know other, so that the row still shows", () => {
    expect(findingOf("duplicate_epc")).toBe("duplicate_epc");
    expect(findingOf("quite_new")).toBe("other");
  });

  it("leaves a gap to be confirmed and a decided case alone", () => {
    expect([open({}), open({ state: "reopened" }), open({ isConfirmed: false, number: null }), open({ state: "decided" })].map(mayAct)).toEqual([true, true, false, false]);
  });
});

describe("decision", () => {
  const decision = (more: Partial<Decision>): Decision => ({ outcome: "found_here", isSighted: false, label: "", document: "", reason: "", ...more });

  it("found here means its label scanned, found elsewhere in the hand; a paper replaces neither", () => {
    expect(isSupported(decision({ document: "F-12", isSighted: true, label: " " }))).toBe(false);
    expect(isSupported(decision({ label: "BAG-000004.K3Q7Z" }))).toBe(true);
    expect(isSupported(decision({ outcome: "found_elsewhere", document: "F-12", label: "BAG-000004.K3Q7Z" }))).toBe(false);
    expect(isSupported(decision({ outcome: "found_elsewhere", isSighted: true }))).toBe(true);
  });

  it("a sale needs the hand or a paper, a theft a paper, a loss nothing", () => {
    const holds = (more: Partial<Decision>): boolean => isSupported(decision(more));

    expect([holds({ outcome: "sold_not_posted", document: "  " }), holds({ outcome: "sold_not_posted", document: "F-12" })]).toEqual([false, true]);
    expect([holds({ outcome: "declared_stolen", isSighted: true }), holds({ outcome: "declared_stolen", document: "PV 3" })]).toEqual([false, true]);
    expect(holds({ outcome: "declared_lost" })).toBe(true);
  });

  it("every outcome of the form says what it needs", () => {
    expect(OUTCOMES.map(evidenceFor)).not.toContain(undefined);
  });
});
