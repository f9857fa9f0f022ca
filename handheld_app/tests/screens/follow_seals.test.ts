import { describe, expect, it } from "vitest";

import type { RoundNews } from "../../src/api/count_shapes.ts";
import type { CallFailure } from "../../src/api/client.ts";
import { roundSealed } from "../../src/core/facts.ts";
import { failed, ok } from "../../src/core/result.ts";
import { feedOf } from "../../src/core/round_feed.ts";
import { beginSearch, type Search } from "../../src/core/search.ts";
import { nextTray, type TourCount } from "../../src/core/tour.ts";
import { type FollowedSeal, followSeals, LATE_FOLLOWED_MAX } from "../../src/screens/seals/follow_seals.ts";
import { sealedHere } from "../../src/screens/seals/index.ts";

const tray = (id: string, state: TourCount["state"] = "COUNTING"): TourCount =>
  ({ id, place: id, path: `Vitrine/${id}`, state, myRole: "A", dueAtMs: 0, partner: null, hasRecount: false, hasSigned: false });
const of = (id: string, role: "A" | "B" = "A") => ({ count: tray(id), role });
const written = (round: string, refusedBefore = 0) => ({ round, feed: feedOf(round), refusedBefore });
const search = (round: string, ...references: string[]): Search =>
  beginSearch({ round, untilMs: 60_000, silent: references.map((reference) => ({ reference, name: "" })) });
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A server: what each count's search answers, the live line of each round, and which searches were ended. */
function shop(searches: Readonly<Record<string, Search | CallFailure>>) {
  const lines = new Map<string, (news: RoundNews) => void>();
  const ended: string[] = [];
  let shown: readonly FollowedSeal[] = [];
  const seals = followSeals(
    {
      now: () => 0,
      follow: (feed, onnews) => {
        lines.set(feed.topic, onnews);
        return () => lines.delete(feed.topic);
      },
      await: () => () => undefined,
      openSearch: (count) => {
        const found = searches[count];
        return Promise.resolve(found !== undefined && "kind" in found ? failed(found) : ok(found ?? null));
      },
      endSearch: ({ round }) => Promise.resolve(ended.push(round)),
    },
    (next) => (shown = next),
  );
  return {
    seals, ended, lines,
    say: (round: string, news: RoundNews) => lines.get(`round/${round}`)?.(news),
    states: () => Object.fromEntries(shown.map(({ count, state }) => [count.id, state.kind])),
    shown: () => shown,
  };
}

describe("seals on their way", () => {
  it("bring A back when something was silent, and end the search at once when A goes on", async () => {
    const { seals, say, states, ended } = shop({ one: search("a2", "BAG-000388") });
    seals.add(of("one"), written("a1"));
    say("a1", { kind: "sealed" });
    await settled();

    expect(states()).toEqual({ one: "silent" });
    seals.decline("one");
    expect([states(), ended]).toEqual([{ one: "over" }, ["a2"]]);
    seals.stop();
  });

  it("end a search with nothing to find, so that the verifier waits for nobody", async () => {
    const { seals, say, states, ended } = shop({ one: search("a2") });
    seals.add(of("one"), written("a1"));
    say("a1", { kind: "sealed" });
    await settled();

    expect([states(), ended]).toEqual([{ one: "over" }, ["a2"]]);
  });

  it("open one search at a time, and leave the one that a screen has taken to that screen", async () => {
    const { seals, say, states, ended } = shop({ one: search("a2", "BAG-1"), two: search("b2", "BAG-2") });
    seals.add(of("one"), written("a1"));
    seals.add(of("two"), written("b1"));
    say("b1", { kind: "sealed" });
    say("a1", { kind: "sealed" });
    await settled();
    expect(states()).toEqual({ one: "asking", two: "silent" });

    seals.take("two");
    await settled();
    expect([states(), ended]).toEqual([{ one: "silent", two: "over" }, []]);
    seals.stop();
  });

  it("of a page that was closed meanwhile are asked for once, and a server that has no search left ends it", async () => {
    const { seals, states, ended } = shop({ one: search("a2", "BAG-1"), two: { kind: "refused", status: 409, problem: { code: "not_yours", sentence: "" } } });
    seals.resume([tray("one", "SEALED_A"), tray("two", "SEALED_A")]);
    await settled();
    seals.resume([tray("one", "SEALED_A")]);
    seals.decline("one");
    await settled();

    expect([states(), ended]).toEqual([{ one: "over", two: "over" }, ["a2"]]);
  });

  it("say why the server did not take them, whoever told it, and begin anew with the next seal", () => {
    const { seals, say, shown, states } = shop({});
    const event = { id: "e", device: "d", person: "p", atMs: 0, monoMs: 0, ...roundSealed({ count: "one", round: "a1" }) };
    seals.add(of("one"), written("a1", 7));
    seals.quarantined([{ event: { ...event, dseq: 7 }, reason: "not_drained" }]);
    expect(states()).toEqual({ one: "sealing" });
    seals.quarantined([{ event: { ...event, dseq: 9 }, reason: "not_drained" }]);
    expect(shown()[0]?.state).toEqual({ kind: "refused", code: "not_drained" });

    seals.dismiss("one");
    expect(shown()).toEqual([]);
    seals.add(of("one"), written("a1", 9));
    say("a1", { kind: "seal_refused", code: "wrong_state" });
    expect(shown()[0]?.state).toEqual({ kind: "refused", code: "wrong_state" });
  });

  it("of a verifier ask for no search", async () => {
    const { seals, say, states } = shop({ one: search("a2", "BAG-1") });
    seals.add(of("one", "B"), written("b1"));
    say("b1", { kind: "sealed" });
    await settled();

    expect(states()).toEqual({ one: "over" });
  });

  it("are listened to for late reads until four more trays are over, and the word stays until it is read", async () => {
    const ids = Array.from({ length: LATE_FOLLOWED_MAX + 1 }, (_, at) => `t${at}`);
    const { seals, say, shown, lines } = shop({});
    for (const id of ids) {
      seals.add(of(id), written(id));
      say(id, { kind: "sealed" });
      await settled();
    }
    expect([...lines.keys()]).toEqual(ids.slice(1).map((id) => `round/${id}`));

    say("t2", { kind: "late" });
    expect(shown().filter((one) => one.isLate).map(({ count }) => count.id)).toEqual(["t2"]);
    seals.dismiss("t2");
    expect(shown().some((one) => one.isLate)).toBe(false);
  });

  it("keep the next tray from being one of them, and let the own open tray come first", () => {
    const { seals, shown } = shop({});
    const counts = [tray("0", "PLANNED"), tray("1"), tray("2", "PLANNED")];
    const next = (more: readonly TourCount[]) => nextTray([...counts, ...more], "Vitrine/1", { step: "count", done: sealedHere(shown()) })?.id;
    seals.add({ count: tray("1"), role: "A" }, written("a1"));

    expect(next([])).toBe("2");
    expect(next([tray("3")])).toBe("3");
  });
});
