import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DEFAULT_WEDGE, feedKey, feedText, idleWedge, type Scan, SCAN_CHARS_MAX, type WedgeSettings } from "../../src/core/wedge.ts";

interface Stroke {
  readonly key: string;
  readonly gapMs: number;
}

function typed(strokes: readonly Stroke[], settings: WedgeSettings = DEFAULT_WEDGE): readonly Scan[] {
  let state = idleWedge();
  let nowMs = 1_000;
  const scans: Scan[] = [];
  for (const { key, gapMs } of strokes) {
    nowMs += gapMs;
    const step = feedKey(state, key, nowMs, settings);
    state = step.state;
    scans.push(...step.scans);
  }
  return scans;
}

const hexDigit = fc.constantFrom(..."0123456789ABCDEF");
const epc = fc.array(hexDigit, { minLength: 24, maxLength: 32 }).map((digits) => digits.join(""));
const label = fc.stringMatching(/^[A-Z]{3}-\d{6}\.[A-Z2-7]{5}$/);
const quick = fc.integer({ min: 0, max: 100 });

const strokesOf = (texts: readonly string[], gapMs: number): Stroke[] =>
  texts.flatMap((text) => [...text, "Enter"].map((key) => ({ key, gapMs })));

describe("wedge", () => {
  it("hears every scan of a burst, whole and in order", () => {
    fc.assert(fc.property(fc.array(fc.oneof(epc, label), { maxLength: 20 }), quick, (texts, gapMs) => {
      expect(typed(strokesOf(texts, gapMs)).map((scan) => scan.text)).toEqual(texts);
    }));
  });

  it("hears the same scans through input events, however the text is cut", () => {
    fc.assert(fc.property(fc.array(epc, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(200)), (texts, cuts) => {
      const whole = texts.map((text) => `${text}\r\n`).join("");
      const marks = [0, ...cuts.map((cut) => cut % whole.length), whole.length].sort((one, other) => one - other);
      let state = idleWedge();
      const scans: Scan[] = [];
      marks.forEach((mark, at) => {
        const step = feedText(state, whole.slice(marks[at - 1] ?? 0, mark), at);
        state = step.state;
        scans.push(...step.scans);
      });

      expect(scans.map((scan) => scan.text)).toEqual(texts);
    }));
  });

  it("takes nothing from a person who types", () => {
    fc.assert(fc.property(fc.array(label, { maxLength: 3 }), fc.integer({ min: 101, max: 2_000 }), (texts, gapMs) => {
      expect(typed(strokesOf(texts, gapMs))).toEqual([]);
    }));
  });

  it("is not disturbed by Shift, Alt and Unidentified between the characters", () => {
    fc.assert(fc.property(epc, fc.constantFrom("Shift", "Alt", "Unidentified", "Process", "Dead"), (text, noise) => {
      const strokes = strokesOf([text], 5).flatMap((stroke) => [{ key: noise, gapMs: 1 }, stroke]);

      expect(typed(strokes).map((scan) => scan.text)).toEqual([text]);
    }));
  });

  it("forgets what a person typed just before a scan, when the scan is marked by its prefix", () => {
    const settings: WedgeSettings = { gapMs: 100, prefix: "~" };

    const scans = typed(strokesOf(["ab~BAG-000412.7QK3D"], 10), settings);

    expect(scans.map((scan) => scan.text)).toEqual(["BAG-000412.7QK3D"]);
  });

  it("with a prefix set takes no burst without it", () => {
    expect(typed(strokesOf(["BAG-000412.7QK3D"], 10), { gapMs: 100, prefix: "~" })).toEqual([]);
  });

  it("calls 24 or more hexadecimal digits an EPC, in capitals, and 23 a code", () => {
    const scans = typed(strokesOf(["30340242201d8840009efdf7", "30340242201d8840009efdf"], 10));

    expect(scans.map(({ kind, text }) => ({ kind, text }))).toEqual([
      { kind: "epc", text: "30340242201D8840009EFDF7" },
      { kind: "code", text: "30340242201d8840009efdf" },
    ]);
  });

  it("drops a burst that never ends at the limit and hears the next one", () => {
    const scans = typed(strokesOf(["9".repeat(SCAN_CHARS_MAX + 1), "BAG-000412.7QK3D"], 1));

    expect(scans.map((scan) => scan.text)).toEqual(["BAG-000412.7QK3D"]);
  });
});
