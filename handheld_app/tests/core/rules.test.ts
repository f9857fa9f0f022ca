import { describe, expect, it } from "vitest";

import { byValueAtRisk, type OpenCase, searchWindows, totalsByClass } from "../../src/core/case.ts";
import { uuidV7 } from "../../src/core/ids.ts";
import { maySign, type SigningList, unreadExceptions } from "../../src/core/signing.ts";
import { COUNT_STATES, groupByShowcase, isLate, leafName, nextStep, titleOf, type TourCount } from "../../src/core/tour.ts";
import { type Ask, inOrderOfWork, keyedQuantity, unanswered, withDigit } from "../../src/core/verification.ts";

const count = (more: Partial<TourCount>): TourCount => ({ id: "c", place: "p", path: "Vitrine 1/Plateau 1", state: "PLANNED", myRole: null, dueAtMs: 1_000, partner: null, ...more });

describe("tour", () => {
  it.each([
    ["PLANNED", null, "count"], ["COUNTING", "A", "continue"], ["COUNTING", null, "partner_counts"], ["SEALED_A", "A", "wait_for_verifier"],
    ["SEALED_A", null, "verify"], ["VERIFYING", "B", "continue_verifying"], ["VERIFYING", "A", "partner_verifies"], ["REVEALED", "A", "compare"],
    ["RESOLVING", "B", "explain"], ["RESULT_FIXED", "A", "sign"], ["RESULT_FIXED", null, "done"], ["SIGNED_ONE", "B", "partner_signs"],
    ["CLOSED", "A", "done"], ["VOIDED", "A", "not_done"],
  ] as const)("says what to do next with a %s count for role %s: %s", (state, myRole, step) => {
    expect(nextStep(count({ state, myRole }))).toBe(step);
  });

  it("never offers A to verify the own count, in any state", () => {
    const steps = COUNT_STATES.map((state) => nextStep(count({ state, myRole: "A" })));

    expect(steps).not.toContain("verify");
    expect(steps).not.toContain("continue_verifying");
  });

  it("groups trays by showcase and orders 10 after 2", () => {
    const groups = groupByShowcase(["Vitrine 10/P 1", "Vitrine 2/P 10", "Atelier", "Vitrine 2/P 2"].map((path) => count({ path })));

    expect(groups.map((group) => [group.name, ...group.counts.map((member) => leafName(member.path))])).toEqual([
      ["Atelier", "Atelier"], ["Vitrine 2", "P 2", "P 10"], ["Vitrine 10", "P 1"],
    ]);
    expect(titleOf("Vitrine 2/Plateau 10")).toBe("Vitrine\u00a02\u00a0· Plateau\u00a010");
  });

  it("calls a count late only while somebody still has to count it", () => {
    expect(isLate(count({ state: "COUNTING", myRole: "A" }), 1_001)).toBe(true);
    expect(isLate(count({ state: "COUNTING", myRole: "A" }), 1_000)).toBe(false);
    expect(isLate(count({ state: "SEALED_A", myRole: "A" }), 1_001)).toBe(false);
  });
});

describe("signing", () => {
  const list: SigningList = {
    id: "l", partner: { kind: "not_started", name: "Marc" },
    lines: [{ count: "c", path: "p", present: 1, missing: 0, byHand: 0 }],
    exceptions: [{ id: "x", path: "p", sentence: "s" }, { id: "y", path: "p", sentence: "s" }],
  };

  it("takes no signature before every exception was read", () => {
    expect(maySign(list, new Set(["x"]), "123456")).toBe(false);
    expect(maySign(list, new Set(["x", "y"]), "123456")).toBe(true);
    expect(unreadExceptions(list, new Set(["x", "elsewhere"])).map((exception) => exception.id)).toEqual(["y"]);
  });

  it("takes no signature without a whole PIN or for an empty list", () => {
    const read = new Set(["x", "y"]);

    expect(maySign(list, read, "12345")).toBe(false);
    expect(maySign(list, read, "12345a")).toBe(false);
    expect(maySign({ ...list, lines: [] }, read, "123456")).toBe(false);
  });
});

describe("verification", () => {
  it("keys a whole number up to the limit, and nought is a number", () => {
    expect(["4", "7"].reduce(withDigit, "")).toBe("47");
    expect(["0", "5"].reduce(withDigit, "")).toBe("5");
    expect(withDigit("9999", "1")).toBe("9999");
    expect(keyedQuantity("0")).toBe(0);
    expect(keyedQuantity("")).toBe(null);
  });

  it("asks for high-value pieces first and counts what is not answered", () => {
    const ask = (reference: string, reason: Ask["reason"], answer: Ask["answer"]): Ask => ({ piece: reference, reference, name: "", reason, answer });
    const asks = [ask("B", "drawn", "unanswered"), ask("A", "drawn", "scanned"), ask("C", "high_value", "unanswered")];

    expect(inOrderOfWork(asks).map((one) => one.reference)).toEqual(["C", "A", "B"]);
    expect(unanswered(asks)).toBe(2);
  });
});

describe("case", () => {
  const open = (more: Partial<OpenCase>): OpenCase => ({
    id: "1", number: 1, finding: "missing", reference: "r", name: "n", valueMinor: null, currency: "EUR", home: null, lastSeen: null, lastHeard: null,
    foundMissingAtMs: 100, assignee: null, dueAtMs: null, trail: [], ...more,
  });

  it("tells two windows: since a person saw the piece and since an antenna heard it", () => {
    const item = open({ lastSeen: { atMs: 40, path: "p", by: "Inès" }, lastHeard: { atMs: 90, path: "p", by: null } });

    expect(searchWindows(item)).toEqual({ seenMs: 60, heardMs: 10 });
    expect(searchWindows(open({}))).toEqual({ seenMs: null, heardMs: null });
  });

  it("puts the dearest first and unknown values last, and adds up each class", () => {
    const cases = [open({ id: "a", number: 1 }), open({ id: "b", number: 2, valueMinor: 5 }), open({ id: "c", number: 3, valueMinor: 9, finding: "misplaced" })];

    expect(byValueAtRisk(cases).map((item) => item.id)).toEqual(["c", "b", "a"]);
    expect(totalsByClass(cases)).toEqual([{ finding: "missing", count: 2, valueMinor: 5 }, { finding: "misplaced", count: 1, valueMinor: 9 }]);
  });
});

describe("ids", () => {
  it("makes a UUIDv7: the example of RFC 9562, appendix A.6", () => {
    // 017F22E2-79B0-7CC3-98C4-DC0C0C07398F: time 017F22E279B0, rand_a CC3, rand_b 18C4DC0C0C07398F.
    expect(uuidV7(0x017f22e279b0, new Uint8Array([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]))).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });
});
