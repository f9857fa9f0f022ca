import { describe, expect, it } from "vitest";

import { formatClock, formatDay, formatMoney, formatSpan, plural } from "../src/core/format.ts";
import { CATALOGUES } from "../src/text.ts";

/** Every sentence with its key; functions are called with a number or a word in each place. */
function sentences(catalogue: object, path = ""): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    if (typeof value === "string") return [[path + key, value]];
    if (typeof value === "function") return [[path + key, String(Reflect.apply(value, null, [2, 3]))]];
    return typeof value === "object" && value !== null ? sentences(value, `${path}${key}.`) : [];
  });
}

describe("text", () => {
  it("has the same keys in both languages and no empty sentence", () => {
    const french = sentences(CATALOGUES.fr);
    const english = sentences(CATALOGUES.en);

    expect(english.map(([key]) => key).sort()).toEqual(french.map(([key]) => key).sort());
    expect([...french, ...english].filter(([, sentence]) => sentence.trim() === "")).toEqual([]);
  });

  it("lets no French line break before its punctuation", () => {
    expect(sentences(CATALOGUES.fr).filter(([, sentence]) => / [:;!?»]|« |[^\u202f\d][;!?»]/.test(sentence))).toEqual([]);
  });

  it("writes money, days, clocks and spans as each language does", () => {
    expect(formatMoney("fr", 123_450, "EUR")).toBe("1\u202f234,50\u00a0€");
    expect(formatMoney("en", 1_420_000, "EUR")).toBe("€14,200");
    expect(formatDay("fr", "2026-11-21")).toBe("21/11/2026");
    expect(formatClock("en", Date.UTC(2026, 10, 21, 20, 4), "Europe/Paris")).toBe("21:04");
    expect(formatSpan("fr", 20_640_000)).toBe("5\u00a0h\u00a044");
    expect(formatSpan("en", 93_600_000)).toBe("1\u00a0d\u00a02\u00a0h");
    expect(formatSpan("fr", 59_999)).toBe("0\u00a0min");
  });

  it("counts nought as one in French and as many in English", () => {
    const forms = { one: "pièce", other: "pièces" };

    expect([plural("fr", 0, forms), plural("fr", 1, forms), plural("fr", 2, forms)]).toEqual(["pièce", "pièce", "pièces"]);
    expect([plural("en", 0, forms), plural("en", 1, forms)]).toEqual(["pièces", "pièce"]);
  });
});
