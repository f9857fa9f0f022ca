import { render } from "svelte/server";
import { describe, expect, it } from "vitest";

import type { OpenCase } from "../../src/core/case.ts";
import type { Liveness } from "../../src/core/live.ts";
import { CASES, NOW_MS } from "../../src/gallery/samples.ts";
import type { ActState, BoardState } from "../../src/screens/board/board_state.ts";
import Board from "../../src/screens/board/Screen.svelte";
import { told } from "./told.ts";

const nothing = (): void => undefined;
const LIVE: Liveness = { kind: "live" };

interface Shown { readonly cases?: readonly OpenCase[]; readonly liveness?: Liveness; readonly act?: ActState; readonly canDecide?: boolean; readonly state?: BoardState }

function page({ cases = CASES, liveness = LIVE, act = { kind: "idle" }, canDecide = true, state }: Shown = {}): string {
  const ready: BoardState = { kind: "ready", cases, currency: "EUR", progress: { done: 38, all: 42 }, lastCountAtMs: NOW_MS };
  return told(render(Board, { props: { state: state ?? ready, liveness, act, canDecide, onact: nothing, onretry: nothing, ontour: null, onsignin: nothing } }).body);
}

describe("board", () => {
  it("never calls old figures live", () => {
    expect(page()).toContain("En direct");
    expect(page({ liveness: { kind: "not_live", sinceMs: NOW_MS } })).toContain("Plus en direct depuis 21:12");
    expect(page({ liveness: { kind: "not_live", sinceMs: NOW_MS } })).not.toMatch(/\bEn direct\b/);
    expect(page({ liveness: { kind: "not_live", sinceMs: null } })).toContain("Pas encore en direct");
  });

  it("leads with the dearest case and both its windows", () => {
    const words = page();

    expect(words.indexOf("BAG-000388")).toBeLessThan(words.indexOf("BAG-001902"));
    expect(words).toContain("5\u00a0h\u00a044");
    expect(words).toContain("23\u00a0min");
  });

  it("says in words that a gap is to be confirmed, and gives nothing to decide on it", () => {
    const gaps = page({ cases: CASES.filter((item) => !item.isConfirmed) });

    expect(gaps).toContain("À confirmer");
    expect(gaps).toContain("La seconde personne va le confirmer");
    expect(gaps).not.toContain("Décider…");
    expect(page()).toContain("Décider…");
  });

  it("offers no decision to who only owns or reads", () => {
    expect(page({ canDecide: false })).not.toContain("Décider…");
  });

  it("shows a class and a kind of trail that it does not know by the server's own word", () => {
    expect(page()).toContain("Autre écart\u00a0(quite_new)");
    expect(page()).toContain("quite_new\u00a0· par Inès");
  });

  it("says a refusal in words beside its case only, and an unknown one with its code", () => {
    expect(page({ act: { kind: "refused", caseId: "1", code: "decider_counted" } })).toContain("Un autre responsable décide");
    expect(page({ act: { kind: "refused", caseId: "1", code: "quite_new" } })).toContain("refusé (quite_new)");
    expect(page({ act: { kind: "refused", caseId: "2", code: "decider_counted" } })).not.toContain("Un autre responsable décide");
  });

  it("shows no case while its viewer counts blind", () => {
    expect(page({ state: { kind: "muted" } })).toContain("vous comptez à l'aveugle");
    expect(page({ state: { kind: "muted" } })).not.toContain("En direct");
  });
});
