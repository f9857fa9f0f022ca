import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type Acknowledgement,
  append,
  BATCH_EVENTS_MAX,
  type Batch,
  type Draft,
  emptyOutbox,
  nextBatch,
  type Outbox,
  retryDelayMs,
  settle,
  settled,
  type SyncEvent,
} from "../../src/core/outbox.ts";

const draft = (type: string): Draft => ({ person: "p", count: null, round: null, type, atMs: 0, monoMs: 0, body: {} });

/** A server that keeps what it gets for ever and answers with the highest number below which nothing is missing. */
class Server {
  readonly held = new Map<number, SyncEvent>();
  readonly namesSeen = new Map<number, Set<string>>();

  receive(batch: Batch, isBad: (event: SyncEvent) => boolean): Acknowledgement {
    for (const event of batch.events) {
      const names = this.namesSeen.get(event.dseq) ?? new Set();
      this.namesSeen.set(event.dseq, names.add(event.id));
      if (!this.held.has(event.dseq)) this.held.set(event.dseq, event);
    }
    let ackSeq = 0;
    while (this.held.has(ackSeq + 1)) ackSeq += 1;
    const refused = batch.events.filter(isBad).map((event) => ({ id: event.id, reason: "count_sealed" }));
    return { ackSeq, refused };
  }
}

/** One thing that happens to a handheld on its way through a shop. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), size: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("send" as const), arrives: fc.boolean() }),
  fc.record({ kind: fc.constant("answer" as const), which: fc.nat(20), isKept: fc.boolean() }),
  fc.record({ kind: fc.constant("power_cut" as const), size: fc.integer({ min: 1, max: 4 }) }),
);

class Day {
  readonly server = new Server();
  readonly written: SyncEvent[] = [];
  readonly answers: Acknowledgement[] = [];
  outbox: Outbox = emptyOutbox("d");
  private names = 0;

  write(size: number, isCommitted: boolean): void {
    const step = append(this.outbox.head, Array.from({ length: size }, (_, at) => draft(`t${at}`)), () => `id-${(this.names += 1)}`);
    // Power off inside the transaction: neither facts nor head are there afterwards, and no screen said "noted".
    if (!isCommitted) return;
    this.written.push(...step.events);
    this.outbox = { ...this.outbox, head: step.head, pending: [...this.outbox.pending, ...step.events] };
  }

  send(arrives: boolean): void {
    const batch = nextBatch(this.outbox.pending);
    if (batch !== null && arrives) this.answers.push(this.server.receive(batch, (event) => event.dseq % 5 === 0));
  }

  answer(which: number, isKept: boolean): void {
    const at = this.answers.length === 0 ? 0 : which % this.answers.length;
    const answer = this.answers[at];
    if (answer === undefined) return;
    if (!isKept) this.answers.splice(at, 1);
    const change = settle(this.outbox.head, this.outbox.pending, answer);
    if (change.ok) this.outbox = settled(this.outbox, change.value);
  }
}

function live(happenings: readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[]): Day {
  const day = new Day();
  for (const event of happenings) {
    switch (event.kind) {
      case "write": day.write(event.size, true); break;
      case "power_cut": day.write(event.size, false); break;
      case "send": day.send(event.arrives); break;
      case "answer": day.answer(event.which, event.isKept); break;
    }
  }
  return day;
}

describe("outbox", () => {
  it("loses nothing and sends nothing twice under a new name, whatever order answers, retries and power cuts come in", () => {
    fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const day = live(happenings);
      for (let round = 0; day.outbox.pending.length > 0 && round < 100; round += 1) {
        day.send(true);
        day.answer(day.answers.length - 1, true);
      }

      expect([...day.server.held.values()].sort((one, other) => one.dseq - other.dseq)).toEqual(day.written);
      expect([...day.server.namesSeen.values()].every((names) => names.size === 1)).toBe(true);
      expect(day.outbox.pending).toEqual([]);
    }));
  });

  it("keeps every fact that the server does not hold, at every moment", () => {
    fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const day = live(happenings);

      const kept = new Set([...day.outbox.pending.map((event) => event.dseq), ...day.server.held.keys()]);
      expect(day.written.every((event) => kept.has(event.dseq))).toBe(true);
      expect(day.written.map((event) => event.dseq)).toEqual(day.written.map((_, at) => at + 1));
      expect(day.outbox.pending.map((event) => event.dseq)).toEqual(
        day.outbox.pending.map((_, at) => day.outbox.head.acked + 1 + at),
      );
    }));
  });

  it("changes nothing when the same answer comes twice", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(9), (size, ack) => {
      const step = append(emptyOutbox("d").head, Array.from({ length: size }, () => draft("t")), () => "id");
      const outbox: Outbox = { head: step.head, pending: step.events, quarantine: [] };
      const answer = { ackSeq: Math.min(ack, size), refused: [] };

      const once = settle(outbox.head, outbox.pending, answer);
      const after = once.ok ? settled(outbox, once.value) : outbox;
      const twice = settle(after.head, after.pending, answer);

      expect(twice.ok ? settled(after, twice.value) : null).toEqual(after);
    }));
  });

  it("shows a refused fact with its reason and keeps it in sight after the server took it", () => {
    const step = append(emptyOutbox("d").head, [draft("a"), draft("b")], (() => { let at = 0; return () => `id-${(at += 1)}`; })());
    const change = settle(step.head, step.events, { ackSeq: 2, refused: [{ id: "id-2", reason: "count_sealed" }] });

    const after = change.ok ? settled({ head: step.head, pending: step.events, quarantine: [] }, change.value) : null;

    expect(after?.pending).toEqual([]);
    expect(after?.quarantine).toEqual([{ event: step.events[1], reason: "count_sealed" }]);
  });

  it("stops when the server holds numbers that this device never gave", () => {
    const change = settle({ device: "d", next: 3, acked: 0 }, [], { ackSeq: 3, refused: [] });

    expect(change).toEqual({ ok: false, error: { kind: "ack_ahead", ackSeq: 3, next: 3 } });
  });

  it("sends at most one batch's worth and a fact that is too large alone by itself", () => {
    const many = append(emptyOutbox("d").head, Array.from({ length: BATCH_EVENTS_MAX + 1 }, () => draft("t")), () => "id");
    const large = append(emptyOutbox("d").head, [{ ...draft("t"), body: "x".repeat(300_000) }, draft("t")], () => "id");

    expect(nextBatch(many.events)?.events.length).toBe(BATCH_EVENTS_MAX);
    expect(nextBatch(large.events)?.events.length).toBe(1);
  });

  it("waits between half a second and a minute, never less for a later try", () => {
    fc.assert(fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const delay = retryDelayMs(attempt, random);

      expect(delay).toBeGreaterThanOrEqual(500);
      expect(delay).toBeLessThanOrEqual(60_000);
      expect(retryDelayMs(attempt + 1, random)).toBeGreaterThanOrEqual(delay);
    }));
  });
});
