import { describe, expect, it } from "vitest";

import { uuidV7 } from "../../src/core/ids.ts";
import { COUNT_STATES, groupByShowcase, isForList, isLate, leafName, nextStep, titleOf, type TourCount } from "../../src/core/tour.ts";
import type { Ask } from "../../src/core/sheet.ts";
import { inOrderOfWork, keyedQuantity, unanswered, withDigit } from "../../src/core/verification.ts";

const count = (more: Partial<TourCount>): TourCount => ({ id: "c", place: "p", path: "Vitrine 1/Plateau 1", state: "PLANNED", myRole: null, dueAtMs: 1_000, partner: null, hasRecount: false, hasSigned: false, ...more });

describe("tour", () => {
  it.each([
    ["PLANNED", null, "count"], ["COUNTING", "A", "continue"], ["COUNTING", null, "partner_counts"], ["SEALED_A", "A", "wait_for_verifier"],
    ["SEALED_A", null, "verify"], ["VERIFYING", "B", "continue_verifying"], ["VERIFYING", "A", "partner_verifies"], ["SEALED_B", "A", "compare"], ["REVEALED", "A", "sign"], ["REVEALED", null, "others_sign"],
    ["RESOLVING", "B", "explain"], ["RESULT_FIXED", "A", "sign"], ["RESULT_FIXED", null, "others_sign"], ["SIGNED_ONE", "B", "sign"],
    ["CLOSED", "A", "done"], ["VOIDED", "A", "not_done"],
  ] as const)("says what to do next with a %s count for role %s: %s", (state, myRole, step) => {
    expect(nextStep(count({ state, myRole }))).toBe(step);
  });

  it("waits for the other person only once this one has signed", () => {
    expect(nextStep(count({ state: "SIGNED_ONE", myRole: "A", hasSigned: true }))).toBe("partner_signs");
  });

  it("offers the lines that differ to everybody, since a third person may settle them, and a list of the rest", () => {
    expect((["A", "B", null] as const).map((myRole) => nextStep(count({ state: "REVEALED", myRole, hasRecount: true })))).toEqual(["confirm", "confirm", "confirm"]);
    expect(isForList(count({ state: "REVEALED", myRole: "A", hasRecount: true }))).toBe(false);
    expect(isForList(count({ state: "REVEALED", myRole: "A" }))).toBe(true);
    expect(isForList(count({ state: "RESOLVING", myRole: "B" }))).toBe(true);
    expect(isForList(count({ state: "RESOLVING", myRole: null }))).toBe(false);
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

describe("verification", () => {
  it("keys a whole number up to the limit, and nought is a number", () => {
    expect(["4", "7"].reduce(withDigit, "")).toBe("47");
    expect(["0", "5"].reduce(withDigit, "")).toBe("5");
    expect(withDigit("9999", "1")).toBe("9999");
    expect(keyedQuantity("0")).toBe(0);
    expect(keyedQuantity("")).toBe(null);
  });

  it("asks first for what is not answered, due before drawn, and counts what is left", () => {
    const ask = (reference: string, reason: Ask["reason"], answer: Ask["answer"]): Ask => ({ reference, name: "", reason, answer });
    const asks = [ask("A", "due", "present"), ask("B", "draw", "unanswered"), ask("D", "search", "unanswered"), ask("C", "due", "unanswered")];

    expect(inOrderOfWork(asks).map((one) => one.reference)).toEqual(["C", "B", "D", "A"]);
    expect(unanswered(asks)).toBe(3);
  });
});

describe("ids", () => {
  it("makes a UUIDv7: the example of RFC 9562, appendix A.6", () => {
    // 017F22E2-79B0-7CC3-98C4-DC0C0C07398F: time 017F22E279B0, rand_a CC3, rand_b 18C4DC0C0C07398F.
    expect(uuidV7(0x017f22e279b0, new Uint8Array([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]))).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });
});
