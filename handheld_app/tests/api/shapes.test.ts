import { describe, expect, it } from "vitest";

import { makeClient } from "../../src/api/client.ts";
import { acknowledgementShape, batchBody, liveFrameShape, tourShape } from "../../src/api/shapes.ts";
import { append } from "../../src/core/outbox.ts";
import { validate } from "../../src/core/validate.ts";

const tour = {
  id: "t1", occasion: "closing", shop_day: "2026-11-21", now: "2026-11-21T18:00:00.000Z",
  counts: [{ id: "c1", place: "p1", path: "Vitrine 3/Plateau 5", state: "COUNTING", my_role: "A", due_at: "2026-11-21T18:30:00.000Z", partner: null, has_recount: false, has_signed: false }],
};

/** A server that gives one answer and remembers how it was asked. */
function serverSaying(status: number, body: string): { send: typeof fetch; asked: { path: string; headers: Headers; body: string }[] } {
  const asked: { path: string; headers: Headers; body: string }[] = [];
  const send = (path: string | URL | Request, init?: RequestInit): Promise<Response> => {
    asked.push({ path: String(path), headers: new Headers(init?.headers), body: typeof init?.body === "string" ? init.body : "" });
    return Promise.resolve(new Response(body, { status }));
  };
  return { send, asked };
}

describe("shapes", () => {
  it("reads a tour into our names and drops what it does not know", () => {
    expect(validate(tourShape, { ...tour, expected: 47 })).toEqual({
      ok: true,
      value: {
        id: "t1", occasion: "closing", shopDay: "2026-11-21", nowMs: Date.UTC(2026, 10, 21, 18),
        counts: [{ id: "c1", place: "p1", path: "Vitrine 3/Plateau 5", state: "COUNTING", myRole: "A", dueAtMs: Date.UTC(2026, 10, 21, 18, 30), partner: null, hasRecount: false, hasSigned: false }],
      },
    });
  });

  it("names the place where a tour breaks its shape", () => {
    const broken = validate(tourShape, { ...tour, counts: [{ ...tour.counts[0], state: "counting" }] });

    expect(broken.ok ? null : broken.error.at).toBe("counts.0.state");
  });

  it("reads the four kinds of live frames", () => {
    const message = { seq: 41, epoch: "e", topic: "board", type: "case.opened", at: "2026-11-21T20:04:00.000Z", body: { n: 1 } };

    expect(validate(liveFrameShape, message)).toEqual({ ok: true, value: { kind: "message", message } });
    expect(validate(liveFrameShape, { type: "heartbeat", epoch: "e", heads: { board: 41 } })).toEqual({ ok: true, value: { kind: "heartbeat", epoch: "e", heads: new Map([["board", 41]]) } });
    expect(validate(liveFrameShape, { type: "muted", epoch: "e" })).toEqual({ ok: true, value: { kind: "muted", epoch: "e", topic: "board" } });
    expect(validate(liveFrameShape, { type: "resync", epoch: "e", heads: { board: 41 } })).toEqual({ ok: true, value: { kind: "resync", epoch: "e", topics: ["board"] } });
    expect(validate(liveFrameShape, { ...message, seq: 0 }).ok).toBe(false);
  });

  it("keeps of an answer the acknowledged number and the refusals", () => {
    const answer = { ack_seq: 3, results: [{ id: "a", outcome: "accepted" }, { id: "b", outcome: "quarantined", reason: "count_sealed" }] };

    expect(validate(acknowledgementShape, answer)).toEqual({ ok: true, value: { ackSeq: 3, refused: [{ id: "b", reason: "count_sealed" }] } });
  });

  it("sends facts with the wire's names", () => {
    const { events } = append({ device: "d", next: 1, acked: 0 }, [{ person: "p", count: "c", round: "r", type: "round.sealed", atMs: 0, monoMs: 7, body: {} }], () => "id");

    expect(batchBody({ idempotencyKey: "id", events })).toEqual({
      events: [{ id: "id", device: "d", dseq: 1, person: "p", count: "c", round: "r", type: "round.sealed", at: "1970-01-01T00:00:00.000Z", mono_ms: 7, body: {} }],
    });
  });
});

describe("client", () => {
  it("sends the token as bearer and the batch's key, and no cookie", async () => {
    const server = serverSaying(200, '{"ack_seq": 0, "results": []}');

    await makeClient(() => "secret", server.send).sendBatch({ idempotencyKey: "id-1", events: [] });

    expect(server.asked[0]?.path).toBe("/v1/sync/batches");
    expect(server.asked[0]?.headers.get("authorization")).toBe("Bearer secret");
    expect(server.asked[0]?.headers.get("idempotency-key")).toBe("id-1");
  });

  it("signs in with the device's secret as bearer and nothing but person and PIN in the body", async () => {
    const server = serverSaying(201, JSON.stringify({ token: "t".repeat(40), person: { id: "p", name: "Claire", rights: ["count"] }, expires_at: "2026-11-21T22:00:00Z" }));

    const answer = await makeClient(() => "an-old-session", server.send).signIn("device-secret", { person: "p", pin: "123456" });

    expect(answer.ok).toBe(true);
    expect(server.asked[0]?.headers.get("authorization")).toBe("Bearer device-secret");
    expect(JSON.parse(server.asked[0]?.body ?? "")).toEqual({ person: "p", pin: "123456" });
  });

  it("calls the browser's fetch as a plain function, as browsers demand", async () => {
    const callers: unknown[] = [];
    function send(this: unknown): Promise<Response> {
      callers.push(this);
      return Promise.resolve(new Response(JSON.stringify(tour)));
    }

    await makeClient(() => null, send).currentTour();

    expect(callers).toEqual([undefined]);
  });

  it("tells an ended session, a refusal, a foreign answer and a dead line apart", async () => {
    const kindOf = async (send: typeof fetch): Promise<string> => {
      const answer = await makeClient(() => null, send).currentTour();
      return answer.ok ? "ok" : answer.error.kind;
    };

    expect(await kindOf(serverSaying(200, JSON.stringify(tour)).send)).toBe("ok");
    expect(await kindOf(serverSaying(401, '{"code": "not_signed_in", "detail": ""}').send)).toBe("signed_out");
    expect(await kindOf(serverSaying(409, '{"code": "not_blind", "detail": "You saw the list."}').send)).toBe("refused");
    expect(await kindOf(serverSaying(502, "<html>").send)).toBe("refused");
    expect(await kindOf(serverSaying(200, "<html>").send)).toBe("misfit");
    expect(await kindOf(() => Promise.reject(new TypeError("failed to fetch")))).toBe("unreachable");
  });
});
