import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { readersShape, roundNews, searchShape, sheetShape } from "../../src/api/count_shapes.ts";
import { tourShape } from "../../src/api/shapes.ts";
import { stepOf } from "../../src/core/verification.ts";
import { type Shape, validate } from "../../src/core/validate.ts";

/** Real answers of the server, by name; its own tests write them. */
function contract(name: string): [string, unknown][] {
  const text = readFileSync(new URL(`../../../tests/contracts/${name}.json`, import.meta.url), "utf8");
  return Object.entries(JSON.parse(text));
}

describe("contracts", () => {
  it.each<[string, Shape<unknown>]>([["count", sheetShape], ["search", searchShape], ["readers", readersShape], ["tour", tourShape]])(
    "reads every %s that the server gave to its own tests",
    (name, shape) => {
      const answers = contract(name);

      expect(answers.length).toBeGreaterThan(0);
      for (const [situation, answer] of answers) expect([situation, validate(shape, answer)]).toEqual([situation, expect.objectContaining({ ok: true })]);
    },
  );

  it("knows what B does next on each of the server's sheets", () => {
    const steps = contract("count").flatMap(([situation, answer]) => {
      const sheet = validate(sheetShape, answer);
      return sheet.ok && sheet.value.myRole === "B" ? [[situation, stepOf(sheet.value).kind]] : [];
    });

    expect(Object.fromEntries(steps)).toMatchObject({ blind_claimed: "quantity", asking: "asks", labels_needed: "labels", differing: "recount" });
  });
});

describe("live messages of a round", () => {
  it("are a stage, a code, a change, the seal, its refusal or a late read", () => {
    expect(roundNews({ type: "round.stage", body: { stage: "turn", is_unknown_heard: true } })).toEqual({ kind: "stage", stage: "turn", isUnknownHeard: true });
    expect(roundNews({ type: "round.scanned", body: { text: "BAG-000001.K7MQ2" } })).toEqual({ kind: "heard_code", text: "BAG-000001.K7MQ2" });
    expect(roundNews({ type: "round.sealed", body: {} })).toEqual({ kind: "sealed" });
    expect(roundNews({ type: "round.refused", body: { code: "not_drained" } })).toEqual({ kind: "seal_refused", code: "not_drained" });
    expect(roundNews({ type: "round.late", body: {} })).toEqual({ kind: "late" });
  });

  it("with another type or another body say nothing", () => {
    expect(roundNews({ type: "round.heard", body: { passes: {} } })).toBe(null);
    expect(roundNews({ type: "round.stage", body: { stage: "47 of 48", is_unknown_heard: false } })).toBe(null);
  });
});
