import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { arrived, type SnapshotState, wanted } from "../../src/core/snapshot.ts";

describe("snapshot", () => {
  it("has at most one request on its way, and one more after the last change", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom("change", "answer"), { maxLength: 40 }), (steps) => {
      let state: SnapshotState = "idle";
      let underWay = 0;
      let isUnseen = false;
      for (const step of steps) {
        if (step === "answer" && underWay === 0) continue;
        if (step === "answer") underWay -= 1;
        const next: { readonly state: SnapshotState; readonly isDue: boolean } = step === "change" ? wanted(state) : arrived(state);
        isUnseen = (step === "change" || isUnseen) && !next.isDue;
        underWay += next.isDue ? 1 : 0;
        state = next.state;

        expect(underWay).toBeLessThanOrEqual(1);
        // A change that no request has been sent for yet is asked for when the present one ends.
        expect(isUnseen).toBe(state === "loading_stale");
      }
    }));
  });
});
