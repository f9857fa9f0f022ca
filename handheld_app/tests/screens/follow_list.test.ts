import { describe, expect, it, vi } from "vitest";

import { makeClient } from "../../src/api/client.ts";
import { followList, type FollowedList } from "../../src/screens/signature/follow_list.ts";
import type { SignatureState } from "../../src/screens/signature/signature_state.ts";

const LINE = { count: "c1", path: "Vitrine 1/Plateau 1", my_role: "A", present: 3, missing: 1, by_hand: 0, quantity_b: 3, mode: "blind", result_no: 1, result: "f".repeat(64), exceptions: ["missing"] };
const listed = (sha: string, partner = "not_started"): object => ({
  tour: "t", list_no: 1, lines_sha256: sha.repeat(64), lines: [LINE], left_out: [], n_exceptions: 1, is_late: false, partner: { name: "Marc", state: partner, at: null },
});
const toured = (state: string): object => ({
  id: "t", occasion: "opening", shop_day: "2026-03-02", now: "2026-03-02T08:35:00.000Z",
  counts: [{ id: "c1", place: "p", path: "Vitrine 1/Plateau 1", state, my_role: "A", due_at: "2026-03-02T09:30:00.000Z", partner: "Marc", has_recount: false, has_signed: state === "SIGNED_ONE" }],
});
const NOTHING = { code: "nothing_to_sign", detail: "" };

/** A server that keeps a list and a tour, and the page that follows it. */
class Handheld {
  readonly answers = new Map<string, [number, object]>([["/list", [200, listed("a")]], ["/v1/tours/t", [200, toured("RESULT_FIXED")]], ["/figures", [200, { cases: [{ discrepancy: "MISSING", subject: "BAG-1" }] }]]]);
  readonly signed: unknown[] = [];
  readonly shown: SignatureState[] = [];
  change: () => void = () => undefined;
  isLineOpen = true;
  readonly list: FollowedList = followList(
    { ask: makeClient(() => "token", (path, init) => this.send(String(path), init?.body)).ask, tour: "t", now: () => 0, open: (onchange) => { this.change = onchange; return () => (this.isLineOpen = false); } },
    ({ state }) => this.shown.push(state),
  );

  get last(): SignatureState {
    return this.shown.at(-1) ?? { kind: "loading" };
  }

  async until(is: (state: SignatureState) => boolean): Promise<void> {
    await vi.waitFor(() => expect(is(this.last)).toBe(true));
  }

  private send(path: string, body: unknown): Promise<Response> {
    if (typeof body === "string") this.signed.push(JSON.parse(body));
    const [status, value] = [...this.answers].find(([end]) => path.endsWith(end))?.[1] ?? [404, { code: "absent", detail: "" }];
    return Promise.resolve(new Response(JSON.stringify(value), { status }));
  }
}

const isList = (state: SignatureState): boolean => state.kind === "list";

describe("following a list", () => {
  it("shows the list with what its exceptions are about", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);

    expect(handheld.last.kind === "list" ? handheld.last.shown.exceptions : null).toEqual([{ id: "c1", path: LINE.path, reasons: [{ code: "missing", subjects: ["BAG-1"] }] }]);
  });

  it("shows every reason even when what it is about cannot be loaded", async () => {
    const handheld = new Handheld();
    handheld.answers.set("/figures", [403, { code: "counting_blind", detail: "" }]);
    await handheld.until(isList);

    expect(handheld.last.kind === "list" ? handheld.last.shown.exceptions[0]?.reasons : null).toEqual([{ code: "missing", subjects: [] }]);
  });

  it("signs exactly what was shown, and then waits for the other person", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);
    handheld.answers.set("/signatures", [201, { signature: "s" }]).set("/v1/tours/t", [200, toured("SIGNED_ONE")]);
    await handheld.list.sign({ pin: "123456", read: ["c1"], photos: new Map([["c1", "0".repeat(64)]]), meaning: "m" });
    await handheld.until((state) => state.kind === "signed");

    expect(handheld.signed).toEqual([{ list_no: 1, lines_sha256: "a".repeat(64), meaning: "m", opened_at: "1970-01-01T00:00:00.000Z", pin: "123456", read_exceptions: ["c1"], photos: [{ count: "c1", sha256: "0".repeat(64) }] }]);
    expect(handheld.last.kind === "signed" ? handheld.last.after : null).toBe("waiting");

    handheld.answers.set("/v1/tours/t", [200, toured("CLOSED")]);
    handheld.change();
    await handheld.until((state) => state.kind === "signed" && state.after === "complete");
  });

  it("keeps the list and says why when the signature is refused", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);
    handheld.answers.set("/signatures", [409, { code: "same_device", detail: "" }]);
    await handheld.list.sign({ pin: "123456", read: ["c1"], photos: new Map([["c1", "0".repeat(64)]]), meaning: "m" });

    await handheld.until((state) => state.kind === "list" && state.step.kind === "refused" && state.step.code === "same_device");
  });

  it("says that the list changed when other lines come, and leaves it alone when only the partner moved", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);
    handheld.answers.set("/list", [200, listed("a", "reading")]);
    handheld.change();
    await handheld.until((state) => state.kind === "list" && state.shown.list.partner?.kind === "reading");
    expect(handheld.last.kind === "list" ? handheld.last.step.kind : null).toBe("ready");

    handheld.answers.set("/list", [200, listed("b")]);
    handheld.change();
    await handheld.until((state) => state.kind === "list" && state.step.kind === "refused" && state.step.code === "list_changed");
  });

  it("says that the session has ended, and asks no more", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);
    handheld.answers.set("/signatures", [401, { code: "not_signed_in", detail: "" }]);
    await handheld.list.sign({ pin: "123456", read: ["c1"], photos: new Map([["c1", "0".repeat(64)]]), meaning: "m" });

    await handheld.until((state) => state.kind === "expired");
    expect(handheld.isLineOpen).toBe(false);
  });

  it("says who still has to sign when nothing is left for this person", async () => {
    const handheld = new Handheld();
    await handheld.until(isList);
    handheld.answers.set("/list", [409, NOTHING]).set("/v1/tours/t", [200, toured("SIGNED_ONE")]);
    handheld.change();
    await handheld.until((state) => state.kind === "nothing");

    expect(handheld.last).toEqual({ kind: "nothing", waitsFor: ["Marc"] });
  });
});
