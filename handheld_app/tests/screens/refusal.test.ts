import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { refusalOf } from "../../src/screens/refusal.ts";
import { CATALOGUES } from "../../src/text.ts";

/** Where the server says no to a person with a tray, a case or a list in front of them. */
const MODULES = ["core/count_errors", "core/cases", "core/tours", "core/signing_words", "usecases/attach_reader", "usecases/seal_round_set", "usecases/sign_in", "usecases/take_events"];
/** Refusals that only the server's own steps meet, and the one of signing in on a device that is not paired. */
const NOBODYS = ["case_exists", "case_needed", "draw_fixed", "not_covered", "too_early", "no_sign_in_here"];

function codesOf(module: string): readonly string[] {
  const source = readFileSync(new URL(`../../../server/${module}.py`, import.meta.url), "utf8");
  return [...source.matchAll(/code: ClassVar\[str\] = "(\w+)"/g)].map((match) => match[1] ?? "");
}

describe("refusals", () => {
  it("have a sentence for every code that the server can answer a person with", () => {
    const codes = MODULES.flatMap(codesOf);
    const known = Object.keys(CATALOGUES.fr.refusal);

    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !known.includes(code) && !NOBODYS.includes(code))).toEqual([]);
  });

  it("say our own sentence, else the server's, else the code", () => {
    expect(refusalOf("same_person")).toContain("Une autre personne");
    expect(refusalOf({ kind: "refused", status: 409, problem: { code: "brand_new", sentence: "Come back at nine." } })).toBe("Come back at nine.");
    expect(refusalOf("brand_new")).toContain("brand_new");
    expect(refusalOf({ kind: "unreachable" })).toContain("réessayez");
    expect(refusalOf({ kind: "signed_out" })).toContain("code");
  });
});
