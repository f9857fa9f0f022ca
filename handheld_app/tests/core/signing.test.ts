import { describe, expect, it } from "vitest";

import { afterSigning, exceptionsOf, maySign, photosFor, type SigningLine, type SigningList, unreadExceptions, waitsFor } from "../../src/core/signing.ts";
import type { CountState, Tour } from "../../src/core/tour.ts";

const line = (count: string, exceptions: readonly string[] = []): SigningLine => ({ count, path: `Vitrine 1/${count}`, myRole: "A", present: 1, missing: 0, byHand: 0, quantity: 1, exceptions, isAlone: false });
const tourOf = (counts: readonly { readonly state: CountState; readonly myRole?: "A" | "B"; readonly partner?: string; readonly hasSigned?: boolean }[]): Tour => ({
  id: "t", occasion: "opening", shopDay: "2026-03-02", nowMs: 0,
  counts: counts.map(({ state, myRole = null, partner = null, hasSigned = false }, at) => ({ id: String(at), place: "p", path: "p", state, myRole, dueAtMs: 0, partner, hasRecount: false, hasSigned })),
});
const list: SigningList = {
  tour: "t", listNo: 1, linesSha256: "0".repeat(64), leftOut: 0, isLate: false, partner: { kind: "not_started", name: "Marc" },
  lines: [line("c"), line("x", ["missing", "recounted"]), line("y", ["quantity"])],
};

describe("signing", () => {
  it("takes no signature before every line with an exception was read", () => {
    expect(maySign(list, { read: new Set(["x"]), withoutPhoto: 0, pin: "123456" })).toBe(false);
    expect(maySign(list, { read: new Set(["x", "y"]), withoutPhoto: 0, pin: "123456" })).toBe(true);
    expect(unreadExceptions(list, new Set(["x", "elsewhere"]))).toBe(1);
  });

  it("takes no signature without a whole PIN or for an empty list", () => {
    const read = new Set(["x", "y"]);

    expect(maySign(list, { read, withoutPhoto: 0, pin: "12345" })).toBe(false);
    expect(maySign(list, { read, withoutPhoto: 0, pin: "12345a" })).toBe(false);
    expect(maySign({ ...list, lines: [] }, { read, withoutPhoto: 0, pin: "123456" })).toBe(false);
  });

  it("wants a photo of each tray that one person alone closes, and of no other", () => {
    const alone = { ...list, lines: [line("c"), { ...line("d"), isAlone: true }] };

    expect(photosFor(alone, "closing").map(({ count }) => count)).toEqual(["d"]);
    expect(photosFor(alone, "opening")).toEqual([]);
    expect(maySign({ ...list, lines: [line("c")] }, { read: new Set(), withoutPhoto: 1, pin: "123456" })).toBe(false);
  });

  it("names under each reason the pieces whose cases are of that class, and leaves no reason out", () => {
    const cases = new Map([["x", [{ discrepancy: "MISSING", subject: "BAG-1" }, { discrepancy: "UNEXPECTED", subject: "BAG-2" }]]]);

    expect(exceptionsOf(list, cases)).toEqual([
      { id: "x", path: "Vitrine 1/x", reasons: [{ code: "missing", subjects: ["BAG-1"] }, { code: "recounted", subjects: [] }] },
      { id: "y", path: "Vitrine 1/y", reasons: [{ code: "quantity", subjects: [] }] },
    ]);
  });

  it.each([
    ["waiting", ["SIGNED_ONE", "SIGNED_OFF"]], ["complete", ["SIGNED_OFF_WITH_EXCEPTIONS", "CLOSED"]], ["changed", ["SIGNED_ONE", "RESOLVING"]],
  ] as const)("says %s when the signed counts are %s, whatever the others are", (after, states) => {
    const tour = tourOf([...states, "PLANNED" as const].map((state) => ({ state })));

    expect(afterSigning(tour, ["0", "1"])).toBe(after);
  });

  it("names once whom the lists wait for that this person signed", () => {
    const tour = tourOf([
      { state: "SIGNED_ONE", myRole: "A", partner: "Marc", hasSigned: true }, { state: "SIGNED_ONE", myRole: "B", partner: "Marc", hasSigned: true },
      { state: "SIGNED_ONE", partner: "Claire" }, { state: "SIGNED_ONE", myRole: "A", partner: "Inès" },
      { state: "CLOSED", myRole: "A", partner: "Inès" },
    ]);

    expect(waitsFor(tour)).toEqual(["Marc"]);
  });
});
