import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Board } from "../../src/api/board_shapes.ts";
import type { CallFailure } from "../../src/api/client.ts";
import type { LiveInput } from "../../src/core/live.ts";
import { failed, ok, type Result } from "../../src/core/result.ts";
import type { BoardState } from "../../src/screens/board/board_state.ts";
import { followBoard, MUTED_RETRY_MS } from "../../src/screens/board/follow_board.ts";

type Loaded = Result<Board, CallFailure>;
const board = (seq: number): Loaded => ok({ epoch: "e", seq, currency: "EUR", progress: { done: seq, all: 9 }, lastCountAtMs: null, rows: [] });
const refused = (status: number, code: string): Loaded => failed({ kind: "refused", status, problem: { code, sentence: "" } });
const UNREACHABLE: Loaded = failed({ kind: "unreachable" });

/** A server whose answers are given by hand, and a screen that follows it. */
class Desk {
  readonly shown: BoardState[] = [];
  readonly asked: ((answer: Loaded) => void)[] = [];
  hear: (input: LiveInput) => void = () => undefined;
  isLineOpen = true;
  readonly board = followBoard(
    {
      load: () => new Promise((resolve) => this.asked.push(resolve)),
      open: (line) => {
        this.hear = line.onheard;
        return () => (this.isLineOpen = false);
      },
      now: () => Date.now(),
    },
    (state) => this.shown.push(state),
  );

  get last(): string {
    const state = this.shown.at(-1);
    return state?.kind === "ready" ? `ready ${state.progress.done}` : (state?.kind ?? "");
  }

  async answer(loaded: Loaded): Promise<void> {
    this.asked.at(-1)?.(loaded);
    await vi.advanceTimersByTimeAsync(0);
  }

  say(seq: number): void {
    this.hear({ kind: "message", atMs: Date.now(), message: { seq, epoch: "e", topic: "board", type: "case.opened", at: "", body: null } });
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("following the board", () => {
  it("asks at once, shows the answer, and is live from then on", async () => {
    const desk = new Desk();
    desk.hear({ kind: "opened", atMs: Date.now() });
    await desk.answer(board(4));

    expect([desk.asked.length, desk.last, desk.board.liveness().kind]).toEqual([1, "ready 4", "live"]);
  });

  it("asks again at each message, never twice at once, and once more for all that were said meanwhile", async () => {
    const desk = new Desk();
    await desk.answer(board(4));
    for (const seq of [5, 6, 7]) desk.say(seq);
    expect(desk.asked.length).toBe(2);

    await desk.answer(board(5));
    expect(desk.asked.length).toBe(3);
    await desk.answer(board(7));
    expect([desk.asked.length, desk.last]).toEqual([3, "ready 7"]);
  });

  it("keeps the rows when a newer snapshot cannot be had, says since when they are old, and tries again by itself", async () => {
    const desk = new Desk();
    desk.hear({ kind: "opened", atMs: Date.now() });
    await desk.answer(board(4));
    const takenMs = Date.now();
    await vi.advanceTimersByTimeAsync(1_000);
    desk.say(5);
    await desk.answer(UNREACHABLE);
    expect([desk.last, desk.board.liveness()]).toEqual(["ready 4", { kind: "not_live", sinceMs: takenMs }]);

    await vi.advanceTimersByTimeAsync(2_000);
    expect(desk.asked.length).toBe(3);
    await desk.answer(board(5));
    desk.hear({ kind: "heartbeat", epoch: "e", heads: new Map([["board", 5]]), atMs: Date.now() });
    expect([desk.last, desk.board.liveness().kind]).toEqual(["ready 5", "live"]);
  });

  it("says that nothing could be loaded when there never was anything", async () => {
    const desk = new Desk();
    await desk.answer(UNREACHABLE);

    expect(desk.last).toBe("failed");
  });

  it("hides the board from who begins to count blind, whatever answer is still on its way, and shows it after the seal", async () => {
    const desk = new Desk();
    await desk.answer(board(4));
    desk.say(5);
    desk.hear({ kind: "muted", epoch: "e", topic: "board", atMs: Date.now() });
    await desk.answer(board(5));
    expect(desk.last).toBe("muted");

    await desk.answer(refused(403, "counting_blind"));
    desk.hear({ kind: "resync", epoch: "e", topics: ["board"], atMs: Date.now() });
    await desk.answer(board(6));
    expect(desk.last).toBe("ready 6");
  });

  it("asks again now and then while it is hidden, in case the word that shows it is lost", async () => {
    const desk = new Desk();
    await desk.answer(refused(403, "counting_blind"));
    await vi.advanceTimersByTimeAsync(MUTED_RETRY_MS);
    await desk.answer(board(6));

    expect(desk.last).toBe("ready 6");
  });

  it("asks no more once the board is not for this person", async () => {
    const desk = new Desk();
    await desk.answer(refused(403, "right_missing"));
    await vi.advanceTimersByTimeAsync(600_000);

    expect([desk.asked.length, desk.last]).toEqual([1, "forbidden"]);
  });

  it("learns from a broken line that the session has ended, and closes", async () => {
    const desk = new Desk();
    desk.hear({ kind: "opened", atMs: Date.now() });
    await desk.answer(board(4));
    desk.hear({ kind: "closed" });
    await desk.answer(failed({ kind: "signed_out" }));

    expect([desk.last, desk.isLineOpen]).toEqual(["expired", false]);
  });
});
