import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { beginSearch, isOver, referenceIn, secondsLeft, soughtLeft, withScan, withSilent } from "../../src/core/search.ts";

const SILENT = [{ reference: "BAG-000001", name: "Ring" }, { reference: "BAG-000002", name: "Chain" }, { reference: "COL-1.5", name: "Odd reference" }];
const search = beginSearch({ round: "r", untilMs: 60_000, silent: SILENT });
const found = (of: typeof search): string[] => of.pieces.filter((piece) => piece.isFound).map((piece) => piece.reference);

describe("search", () => {
  it("ticks the piece whose label was scanned and no other", () => {
    expect(found(withScan(search, "BAG-000002.K7MQ2"))).toEqual(["BAG-000002"]);
    expect(found(withScan(search, "BAG-000009.K7MQ2"))).toEqual([]);
    expect(referenceIn("COL-1.5.K7MQ2")).toBe("COL-1.5");
  });

  it("ticks what the server no longer calls silent", () => {
    expect(found(withSilent(search, SILENT.slice(1)))).toEqual(["BAG-000001"]);
  });

  it("never unticks, in any order of scans and answers", () => {
    const step = fc.oneof(
      fc.constantFrom("BAG-000001.K7MQ2", "BAG-000002.K7MQ2", "X").map((code) => (of: typeof search) => withScan(of, code)),
      fc.subarray(SILENT).map((silent) => (of: typeof search) => withSilent(of, silent)),
    );
    fc.assert(fc.property(fc.array(step), (steps) => {
      let current = search;
      for (const one of steps) {
        const next = one(current);
        expect(found(next)).toEqual(expect.arrayContaining(found(current)));
        current = next;
      }
      expect(current.pieces.map((piece) => piece.reference)).toEqual(SILENT.map((piece) => piece.reference));
    }));
  });

  it("is over at its time, or when nothing is left, whichever is first", () => {
    const all = SILENT.reduce((of, piece) => withScan(of, `${piece.reference}.K7MQ2`), search);

    expect(isOver(search, 59_999)).toBe(false);
    expect(isOver(search, 60_000)).toBe(true);
    expect(isOver(all, 0)).toBe(true);
    expect(soughtLeft(all)).toBe(0);
  });

  it("shows whole seconds and never less than nought", () => {
    expect([0, 58_001, 59_999, 60_000, 90_000].map((nowMs) => secondsLeft(search, nowMs))).toEqual([60, 2, 1, 0, 0]);
  });
});
