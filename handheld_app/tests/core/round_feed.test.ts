import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { LiveInput, LiveMessage } from "../../src/core/live.ts";
import { feedFromNow, feedOf, feedQuery, heard, type RoundFeed } from "../../src/core/round_feed.ts";

const message = (seq: number, epoch = "e1"): LiveMessage => ({ seq, epoch, topic: "round/r", type: "round.stage", at: "", body: seq });
const said = (one: LiveMessage): LiveInput => ({ kind: "message", message: one, atMs: 0 });
const resync = (epoch: string): LiveInput => ({ kind: "resync", epoch, topics: ["round/r"], atMs: 0 });

/** A server with a ring of `n` messages: what a line with this feed's query is sent. */
function opened(feed: RoundFeed, n: number, epoch: string): LiveInput[] {
  if (feed.seq === null) return [];
  if (feed.epoch !== epoch) return [resync(epoch)];
  return Array.from({ length: n - feed.seq }, (_, at) => said(message((feed.seq ?? 0) + 1 + at, epoch)));
}

describe("round feed", () => {
  it("asks for everything, learns the epoch from the resync, and asks again with it", () => {
    const first = feedOf("r");
    const step = heard(first, resync("e1"));

    expect(feedQuery(first)).toBe("topics=round%2Fr&since=round%2Fr%3A0&epoch=");
    expect(step.isReopened).toBe(true);
    expect(feedQuery(step.feed)).toBe("topics=round%2Fr&since=round%2Fr%3A0&epoch=e1");
  });

  it("applies each message of a round once and in order, wherever the line breaks", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), fc.array(fc.nat(20)), (total, breaks) => {
      let feed = feedOf("r");
      const applied: number[] = [];
      const hear = (input: LiveInput): boolean => {
        const step = heard(feed, input);
        feed = step.feed;
        applied.push(...step.messages.map((one) => one.seq));
        return step.isReopened;
      };
      // Each line delivers some of what it holds, then breaks; a reopening takes the next one.
      for (const delivered of [...breaks, total, total, total]) {
        for (const input of opened(feed, total, "e1").slice(0, delivered + 1)) if (hear(input)) break;
      }

      expect(applied).toEqual(Array.from({ length: total }, (_, at) => at + 1));
    }));
  });

  it("takes no message twice and none of another topic", () => {
    const following: RoundFeed = { topic: "round/r", epoch: "e1", seq: 7 };

    expect(heard(following, said(message(7))).messages).toEqual([]);
    expect(heard(following, said({ ...message(8), topic: "round/other" })).messages).toEqual([]);
    expect(heard(following, said(message(8))).messages.map((one) => one.seq)).toEqual([8]);
  });

  it("hears a round from its beginning after a restart of the server", () => {
    const following: RoundFeed = { topic: "round/r", epoch: "e1", seq: 7 };

    expect(heard(following, resync("e2"))).toEqual({ feed: { topic: "round/r", epoch: "e2", seq: 0 }, messages: [], isReopened: true });
    expect(heard(following, { kind: "heartbeat", epoch: "e2", heads: new Map(), atMs: 0 }).isReopened).toBe(true);
    expect(heard(following, { kind: "heartbeat", epoch: "e1", heads: new Map(), atMs: 0 }).isReopened).toBe(false);
  });

  it("hears only what is new for who answers to each scan, through a restart too", () => {
    const now = feedFromNow("r");
    const restarted = heard(heard(now, { kind: "heartbeat", epoch: "e1", heads: new Map(), atMs: 0 }).feed, resync("e2"));

    expect(feedQuery(now)).toBe("topics=round%2Fr");
    expect(restarted.isReopened).toBe(false);
    expect(heard(now, said(message(12))).messages.map((one) => one.seq)).toEqual([12]);
  });

  it("goes on with what is new when the ring no longer reaches back", () => {
    const lost = heard({ topic: "round/r", epoch: "e1", seq: 7 }, resync("e1"));

    expect(feedQuery(lost.feed)).toBe("topics=round%2Fr");
    expect(heard(lost.feed, said(message(90))).messages.map((one) => one.seq)).toEqual([90]);
  });
});
