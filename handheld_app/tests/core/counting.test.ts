import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { codesIn, type CountingInput, freshCounting, HEARD_STAGES, maySeal, newCodes, type ReaderShown, readersAsOne, stageOf, withInput } from "../../src/core/counting.ts";
import { labelScanned, refusedOf, roundSealed } from "../../src/core/facts.ts";
import type { Quarantined } from "../../src/core/outbox.ts";

const code = fc.stringMatching(/^[A-Z]{3}-\d{6}\.[A-Z2-7]{5}$/);
const input: fc.Arbitrary<CountingInput> = fc.oneof(
  fc.record({ kind: fc.constant("stage" as const), stage: fc.constantFrom(...HEARD_STAGES), isUnknownHeard: fc.boolean() }),
  fc.record({ kind: fc.constant("readers" as const), readers: fc.constantFrom("none" as const, "listening" as const, "lost" as const) }),
  fc.record({ kind: fc.constant("scanned" as const), codes: fc.array(code, { maxLength: 3 }) }),
  fc.constantFrom<CountingInput>({ kind: "not_stored" }, { kind: "paused" }, { kind: "resumed" }, { kind: "seal_written" }, { kind: "seal_refused", code: "not_drained" }),
);
const heard = (inputs: readonly CountingInput[]) => inputs.reduce(withInput, freshCounting());
const reader = (protocol: string, isConnected: boolean): ReaderShown => ({ name: protocol, protocol, isConnected });

describe("counting", () => {
  it("begins with the tray, follows what is heard, and seals when it is stable", () => {
    const stages: readonly CountingInput[] = HEARD_STAGES.map((stage) => ({ kind: "stage", stage, isUnknownHeard: false }));

    expect(stageOf(freshCounting())).toEqual({ kind: "place_tray" });
    expect(stages.map((_, at) => stageOf(heard(stages.slice(0, at + 1))).kind)).toEqual(["reading", "turn", "stable"]);
    expect(maySeal(stageOf(heard(stages)))).toBe(true);
  });

  it("hears nothing more once it is sealed, whatever comes", () => {
    fc.assert(fc.property(fc.array(input), fc.array(input), (before, after) => {
      const sealed = withInput(heard(before), { kind: "sealed" });

      expect(after.reduce(withInput, sealed)).toEqual(sealed);
    }));
  });

  it("takes each code once, in the order of scanning, however often it is scanned", () => {
    fc.assert(fc.property(fc.array(fc.array(code, { maxLength: 4 })), (scans) => {
      let counting = freshCounting();
      const written: string[] = [];
      for (const codes of scans) {
        const fresh = newCodes(counting, codes);
        written.push(...fresh);
        counting = withInput(counting, { kind: "scanned", codes: fresh });
      }

      expect(written).toEqual([...new Set(scans.flat())]);
      expect(counting.codes).toEqual(new Set(scans.flat()));
    }));
  });

  it("says again for a label that was noted before, and keeps an unknown tag in sight", () => {
    const once = heard([{ kind: "scanned", codes: ["A"] }]);
    const twice = withInput(once, { kind: "scanned", codes: newCodes(once, ["A"]) });
    const unknown = heard([{ kind: "stage", stage: "reading", isUnknownHeard: true }, { kind: "stage", stage: "stable", isUnknownHeard: false }]);

    expect([once.scan, twice.scan]).toEqual(["noted", "again"]);
    expect(unknown.isUnknownHeard).toBe(true);
  });

  it("opens the round again when the server does not take the seal", () => {
    expect(stageOf(heard([{ kind: "stage", stage: "stable", isUnknownHeard: false }, { kind: "seal_written" }])).kind).toBe("sealing");
    expect(stageOf(heard([{ kind: "stage", stage: "stable", isUnknownHeard: false }, { kind: "seal_written" }, { kind: "seal_refused", code: "not_drained" }])).kind).toBe("stable");
    expect(heard([{ kind: "seal_written" }, { kind: "seal_refused", code: "not_drained" }]).sealRefusal).toBe("not_drained");
    expect(heard([{ kind: "seal_refused", code: "not_drained" }, { kind: "seal_written" }]).sealRefusal).toBe(null);
  });

  it("counts by hand where only scanners are, and calls a reader silent only when none answers", () => {
    expect(readersAsOne([])).toBe("none");
    expect(readersAsOne([reader("barcode_line", true)])).toBe("none");
    expect(readersAsOne([reader("barcode_line", true), reader("thingmagic_ff", false)])).toBe("lost");
    expect(readersAsOne([reader("thingmagic_ff", false), reader("llrp", true)])).toBe("listening");
    expect(maySeal(stageOf(heard([{ kind: "readers", readers: "none" }])))).toBe(true);
    expect(stageOf(heard([{ kind: "stage", stage: "stable", isUnknownHeard: false }, { kind: "readers", readers: "lost" }])).kind).toBe("reader_lost");
  });

  it("finds the codes of a paste, whatever parts them, and drops what is no label", () => {
    fc.assert(fc.property(fc.array(code), fc.constantFrom("\n", " ", ", ", ";", "\r\n"), (codes, between) => {
      expect(codesIn(codes.join(between))).toEqual(codes);
    }));
    expect(codesIn("x".repeat(65))).toEqual([]);
  });
});

describe("facts", () => {
  it("finds the latest refused fact of a type in a round, and no other round's", () => {
    const refused = (dseq: number, round: string): Quarantined =>
      ({ reason: `r${dseq}`, event: { ...roundSealed({ count: "c", round }), id: "i", device: "d", person: "p", dseq, atMs: 0, monoMs: 0 } });

    expect(refusedOf([refused(1, "a"), refused(2, "b"), refused(3, "a")], "a", "round.sealed")?.reason).toBe("r3");
    expect(refusedOf([refused(2, "b")], "a", "round.sealed")).toBe(null);
    expect(refusedOf([refused(1, "a")], "a", "label.scanned")).toBe(null);
  });

  it("gives up what a silent reader holds by name only", () => {
    expect(roundSealed({ count: "c", round: "r" }).body).toEqual({});
    expect(roundSealed({ count: "c", round: "r" }, "Lecteur muet").body).toEqual({ accept_gap: "Lecteur muet" });
  });

  it("names a label by its code and nothing else", () => {
    expect(labelScanned({ count: "c", round: "r" }, "BAG-000001.K7MQ2")).toEqual({ count: "c", round: "r", type: "label.scanned", body: { code: "BAG-000001.K7MQ2" } });
  });
});
