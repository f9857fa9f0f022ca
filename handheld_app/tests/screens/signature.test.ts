import { render } from "svelte/server";
import { describe, expect, it } from "vitest";

import { exceptionsOf } from "../../src/core/signing.ts";
import { LIST, LIST_CASES, NOW_MS } from "../../src/gallery/samples.ts";
import Signature from "../../src/screens/signature/Screen.svelte";
import type { SignatureState, SigningStep } from "../../src/screens/signature/signature_state.ts";
import { told } from "./told.ts";

const nothing = (): void => undefined;

function page(state: SignatureState): string {
  return render(Signature, { props: {
    state, name: { occasion: "closing", shopDay: "2026-11-21" }, link: { kind: "online" }, onsign: nothing, onretry: nothing, onback: nothing, onsignin: nothing,
  } }).body;
}

const reading = (step: SigningStep = { kind: "ready" }): string => page({ kind: "list", step, shown: { list: LIST, exceptions: exceptionsOf(LIST, LIST_CASES), openedAtMs: NOW_MS } });
const signed = (after: "waiting" | "complete" | "changed"): string => told(page({ kind: "signed", list: LIST, atMs: NOW_MS, after, hasNext: false }));

describe("signature", () => {
  it("shows every exception in full, asks to read each line, and has one PIN field", () => {
    const html = reading();

    expect(told(html)).toContain("Manque après la recherche, un dossier est ouvert\u202f: BAG-000388.");
    expect(told(html)).toContain("le plateau a été recompté pièce à pièce.");
    expect(told(html)).toContain("Autre exception (quite_new)");
    expect(told(html)).toContain("Encore 2 exceptions à lire");
    expect(html).toMatch(/<button[^>]*class="main[^"]*"[^>]*disabled/);
    expect(html.match(/type="password"/g)?.length).toBe(1);
  });

  it("says what is signed, who is on the other side, and what comes later", () => {
    expect(told(reading())).toContain("J'ai compté ou vérifié ces plateaux de mon côté");
    expect(told(reading())).toContain("Marc Delaunay lit sa liste.");
    expect(told(reading())).toContain("2 plateaux ne sont pas finis");
  });

  it.each([
    ["wrong_pin", "Ce code ne convient pas"], ["same_person", "Une autre personne doit faire l'autre"], ["same_device", "sur un autre appareil"], ["list_changed", "relisez-la"],
    ["signer_down", "Le gardien du registre"], ["unreachable", "vérifiez le réseau"], ["quite_new", "refusé (quite_new)"],
  ])("says the refusal %s in words", (code, words) => {
    expect(told(reading({ kind: "refused", code }))).toContain(words);
  });

  it("says after the signature who still has to sign", () => {
    expect(signed("waiting")).toContain("Marc Delaunay doit encore signer, sur son propre appareil");
    expect(signed("complete")).toContain("signée par deux personnes");
    expect(signed("changed")).toContain("nouvelle liste");
  });
});
