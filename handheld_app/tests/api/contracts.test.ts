import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { boardShape } from "../../src/api/board_shapes.ts";
import { listShape } from "../../src/api/signing_shapes.ts";
import { type Shape, validate } from "../../src/core/validate.ts";
import { CATALOGUES } from "../../src/text.ts";

/** Real answers of the server, written by its own tests. */
function answers(name: string): [string, unknown][] {
  const told: unknown = JSON.parse(readFileSync(new URL(`../../../tests/contracts/${name}.json`, import.meta.url), "utf8"));
  return typeof told === "object" && told !== null ? Object.entries(told) : [];
}

/** Key and value below `found`, however deep. */
function flat(found: unknown, path = ""): [string, unknown][] {
  if (typeof found !== "object" || found === null || found instanceof Map) return [[path, found]];
  return Object.entries(found).flatMap(([key, value]: [string, unknown]) => flat(value, `${path}.${key}`));
}

describe("contracts", () => {
  it.each([["board", boardShape], ["list", listShape]] as const)("reads every kept answer of %s", (name, shape: Shape<unknown>) => {
    const read = answers(name).map(([key, value]) => [key, validate(shape, value)] as const);

    expect(read.length).toBeGreaterThan(0);
    expect(read.filter(([, outcome]) => !outcome.ok)).toEqual([]);
  });

  it("signs under the server's own sentences, letter by letter", () => {
    const sentences = Object.entries(CATALOGUES).map(([language, { signStatement }]) => [language, signStatement]);

    expect(sentences).toEqual(answers("signing"));
  });

  it("reads a gap as to be confirmed and a case with its number, and leaves no member undefined", () => {
    const [gap, opened] = ["gap", "case"].map((key) => validate(boardShape, new Map(answers("board")).get(key)));

    expect(gap?.ok ? gap.value.rows.map((row) => [row.isConfirmed, row.finding, row.number]) : gap).toEqual([[false, "missing", null]]);
    expect(opened?.ok ? opened.value.rows.map((row) => [row.isConfirmed, row.finding, row.number]) : opened).toEqual([[true, "missing", 1]]);
    expect(flat(opened).filter(([, value]) => value === undefined)).toEqual([]);
  });
});
