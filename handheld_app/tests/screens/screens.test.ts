import { render } from "svelte/server";
import { afterEach, describe, expect, it } from "vitest";

import type { CountingStage } from "../../src/core/counting.ts";
import type { LinkState } from "../../src/core/link.ts";
import { REFUSED } from "../../src/gallery/counting_samples.ts";
import { NOW_MS, TOUR } from "../../src/gallery/samples.ts";
import Counting from "../../src/screens/counting/Screen.svelte";
import { refusalOf } from "../../src/screens/refusal.ts";
import Tour from "../../src/screens/tour/Screen.svelte";
import Verification from "../../src/screens/verification/Screen.svelte";
import { setLocale } from "../../src/text.ts";

const nothing = (): void => undefined;
const STAGES: readonly CountingStage["kind"][] = ["place_tray", "reading", "turn", "stable", "by_hand", "sealing", "sealed", "paused", "reader_lost"];
const LINKS: readonly LinkState[] = [{ kind: "online" }, { kind: "slow" }, { kind: "offline", waiting: 47 }, { kind: "expired", waiting: 47 }];

/** What a person can see or a screen reader can say: text and labels, without tags, drawings and class names. */
function told(html: string): string {
  const labels = [...html.matchAll(/(?:aria-label|title|value|data-label)="([^"]*)"/g)].map((match) => match[1] ?? "");
  return [html.replace(/<svg[\s\S]*?<\/svg>/g, "").replace(/<[^>]*>/g, " "), ...labels].join(" ");
}

function counting(kind: CountingStage["kind"], link: LinkState, isUnknownHeard: boolean): string {
  return render(Counting, { props: {
    path: "Vitrine du fond/Plateau bleu", occasion: "closing", stage: { kind }, isUnknownHeard, link,
    scan: { word: isUnknownHeard ? "noted" : "again", times: 47 }, refusal: { title: refusalOf("reader_busy"), detail: "" },
    oncodes: nothing, onseal: nothing, onpause: nothing, onresume: nothing, onnext: nothing, onback: nothing,
  } }).body;
}

const isSealOff = (html: string): boolean => /<button[^>]*class="main[^"]*"[^>]*disabled/.test(html);

afterEach(() => setLocale({ language: "fr", zone: "Europe/Paris" }));

describe("counting", () => {
  it.each(["fr", "en"] as const)("shows no digit to A in any stage, on any line, in %s", (language) => {
    setLocale({ language, zone: "Europe/Paris" });
    const pages = STAGES.flatMap((kind) => LINKS.flatMap((link) => [counting(kind, link, true), counting(kind, link, false)]));

    expect(pages.map(told).filter((page) => /\d/.test(page))).toEqual([]);
  });

  it("seals a tray that is stable, or that no radio reads now, and no other", () => {
    const open = STAGES.filter((kind) => !isSealOff(counting(kind, { kind: "online" }, false)));

    // "sealing" and "sealed" have the next tray as their main button.
    expect(open).toEqual(["stable", "by_hand", "sealing", "sealed", "reader_lost"]);
  });

  it("says the stage in a word and not by colour alone", () => {
    expect(told(counting("turn", { kind: "online" }, false))).toContain("Tournez le plateau");
    expect(told(counting("reading", { kind: "online" }, true))).toContain("Étiquette inconnue");
  });
});

describe("tour", () => {
  it("says how old the round is when the line is down", () => {
    const html = render(Tour, { props: {
      state: { kind: "ready", tour: TOUR, takenAtMs: NOW_MS - 9_000_000 }, link: { kind: "offline", waiting: 12 }, nowMs: NOW_MS, refused: REFUSED,
      onstep: nothing, onsign: nothing, onretry: nothing, onsignin: nothing, onboard: null, onalone: nothing, onswitch: nothing, person: "Claire Aubert",
    } }).body;

    expect(told(html)).toContain("Tournée prise à 18:42");
    expect(told(html)).toContain("12 en attente");
    expect(told(html)).toContain("1 saisie à revoir");
    expect(told(html)).toContain("Ce comptage est scellé");
    expect(told(html)).toContain("en retard de 12\u00a0min");
  });
});

describe("verification", () => {
  it("keeps A's figure hidden and waits for a number", () => {
    const html = render(Verification, { props: {
      path: "Vitrine 3/Plateau 5", state: { kind: "quantity" }, link: { kind: "online" }, refusal: null, isWorking: false, isAlone: false, onreason: nothing,
      onquantity: nothing, oncodes: nothing, onabsent: nothing, onlabels: nothing, onseal: nothing, onretry: nothing, onnext: nothing, onback: nothing,
    } }).body;

    expect(told(html)).toContain("reste masqué");
    expect(isSealOff(html)).toBe(true);
  });
});
