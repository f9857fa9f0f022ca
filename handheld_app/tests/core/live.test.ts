import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { advance, type LiveInput, type LiveMessage, livenessAt, type LiveState, resumeQuery, SILENCE_MS_MAX, WAITING_MESSAGES_MAX, watch } from "../../src/core/live.ts";

const message = (seq: number, more: Partial<LiveMessage> = {}): LiveMessage => ({
  seq, epoch: "e1", topic: "board", type: "case.opened", at: "2026-11-21T20:04:00.000Z", body: { seq }, ...more,
});

/** A screen with a server behind it that answers every request for a snapshot with `snapshotSeq`. */
class Screen {
  state: LiveState = watch(["board"]).state;
  readonly applied: number[] = [];
  asked = 1;
  hidden = 0;

  feed(input: LiveInput): void {
    const step = advance(this.state, input);
    this.state = step.state;
    for (const effect of step.effects) {
      if (effect.kind === "apply") this.applied.push(effect.message.seq);
      else if (effect.kind === "hide") this.hidden += 1;
      else this.asked += 1;
    }
  }

  hear(...messages: LiveMessage[]): void {
    for (const heard of messages) this.feed({ kind: "message", message: heard, atMs: 0 });
  }

  snapshot(seq: number, epoch = "e1"): void {
    this.feed({ kind: "snapshot", topic: "board", epoch, seq });
  }
}

describe("live", () => {
  it("applies each message once and in order, however often and how far back the server replays", () => {
    fc.assert(fc.property(fc.array(fc.record({ from: fc.nat(10), count: fc.nat(5) }), { maxLength: 20 }), (replays) => {
      const screen = new Screen();
      screen.snapshot(0);
      let head = 0;
      for (const replay of replays) {
        const from = Math.max(1, head + 1 - replay.from);
        for (let seq = from; seq <= head + replay.count; seq += 1) screen.hear(message(seq));
        head += replay.count;
      }

      expect(screen.applied).toEqual(Array.from({ length: head }, (_, at) => at + 1));
    }));
  });

  it("never applies over a gap: it asks for a snapshot and goes on behind it", () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(9), (gap, late) => {
      const screen = new Screen();
      screen.snapshot(0);
      screen.hear(message(1), message(1 + gap));
      const asked = screen.asked;
      screen.snapshot(1 + Math.min(late, gap));

      expect(asked).toBe(2);
      expect(screen.applied.every((seq, at) => at === 0 || seq > (screen.applied[at - 1] ?? 0))).toBe(true);
      // A snapshot that is too old for the kept message leaves a gap, so it is asked for again.
      expect(screen.asked).toBe(late >= gap - 1 ? 2 : 3);
    }));
  });

  it("asks again for one topic when the server says resync", () => {
    const screen = new Screen();
    screen.snapshot(4);
    screen.feed({ kind: "resync", epoch: "e1", topics: ["board", "not-watched"], atMs: 0 });
    screen.hear(message(9));
    screen.snapshot(8);

    expect(screen.asked).toBe(2);
    expect(screen.applied).toEqual([9]);
  });

  it("starts every topic anew when the server's epoch changed, and keeps what it said meanwhile", () => {
    const screen = new Screen();
    screen.snapshot(40);
    screen.hear(message(1, { epoch: "e2" }), message(2, { epoch: "e2" }));
    screen.snapshot(1, "e2");

    expect(screen.applied).toEqual([2]);
    expect(resumeQuery(screen.state)).toBe("since=board%3A2&epoch=e2&topics=board");
  });

  it("takes a snapshot of the server's new start without asking for it over and over", () => {
    const screen = new Screen();
    screen.snapshot(40);
    screen.hear(message(42));
    screen.snapshot(3, "e2");

    expect(screen.asked).toBe(2);
    expect(resumeQuery(screen.state)).toBe("since=board%3A3&epoch=e2&topics=board");
  });

  it("says since when it is not live after silence, after a lost link and while a topic waits", () => {
    const screen = new Screen();
    const heard = (atMs: number): void => screen.feed({ kind: "heartbeat", epoch: "e1", heads: new Map(), atMs });
    screen.feed({ kind: "opened", atMs: 1_000 });
    heard(5_000);
    expect(livenessAt(screen.state, 5_001)).toEqual({ kind: "not_live", sinceMs: 5_000 });

    screen.snapshot(0);
    expect(livenessAt(screen.state, 5_000 + SILENCE_MS_MAX)).toEqual({ kind: "live" });
    expect(livenessAt(screen.state, 5_001 + SILENCE_MS_MAX)).toEqual({ kind: "not_live", sinceMs: 5_000 });

    heard(20_000);
    screen.feed({ kind: "closed" });
    expect(livenessAt(screen.state, 20_001)).toEqual({ kind: "not_live", sinceMs: 20_000 });
  });

  it("keeps the latest messages behind a slow snapshot, up to the limit, and never applies over what it dropped", () => {
    const screen = new Screen();
    for (let seq = 1; seq <= WAITING_MESSAGES_MAX + 5; seq += 1) screen.hear(message(seq));
    screen.snapshot(2);

    expect(screen.applied).toEqual([]);
    expect(screen.asked).toBe(2);
    screen.snapshot(10);
    expect(screen.applied.length).toBe(WAITING_MESSAGES_MAX - 5);
  });

  it("asks for a snapshot when a heartbeat's number is past what it has", () => {
    const screen = new Screen();
    const beat = (head: number): void => screen.feed({ kind: "heartbeat", epoch: "e1", heads: new Map([["board", head]]), atMs: 0 });
    beat(9);
    screen.snapshot(4);
    beat(4);
    expect(screen.asked).toBe(1);

    beat(5);
    beat(5);
    expect(screen.asked).toBe(2);
  });

  it("takes what a newer snapshot holds as said, and not again", () => {
    const screen = new Screen();
    screen.snapshot(1);
    screen.hear(message(2));
    screen.snapshot(4);
    screen.hear(message(3), message(4), message(5));

    expect(screen.applied).toEqual([2, 5]);
    expect(screen.asked).toBe(1);
  });

  it("hides a muted topic, takes nothing of it, and starts anew when the server says so", () => {
    const screen = new Screen();
    screen.snapshot(4);
    screen.feed({ kind: "muted", epoch: "e1", topic: "board", atMs: 0 });
    screen.hear(message(5));
    expect([screen.hidden, screen.applied]).toEqual([1, []]);
    expect(resumeQuery(screen.state)).toBe("epoch=e1&topics=board");

    screen.feed({ kind: "resync", epoch: "e1", topics: ["board"], atMs: 0 });
    screen.snapshot(5);
    screen.hear(message(6));

    expect([screen.asked, screen.applied]).toEqual([2, [6]]);
  });

  it("has never been live before the first message", () => {
    expect(livenessAt(watch(["board"]).state, 0)).toEqual({ kind: "not_live", sinceMs: null });
  });
});
