/**
 * Following the board: the snapshot, and the live line that says when to take the next one.
 *
 * Every message of topic `board` asks for the snapshot again; requests never overlap. What could not be loaded is asked for
 * again by itself, later each time, and the screen says how old it is.
 */

import type { Board } from "../../api/board_shapes.ts";
import type { Answer, CallFailure } from "../../api/client.ts";
import type { LiveLine } from "../../api/live_socket.ts";
import { advance, type LiveInput, type Liveness, livenessAt, resumeQuery, watch } from "../../core/live.ts";
import { retryDelayMs } from "../../core/outbox.ts";
import { arrived, type SnapshotState, wanted } from "../../core/snapshot.ts";
import type { BoardState } from "./board_state.ts";

export const BOARD_TOPIC = "board";
/** A muted board is asked for again this often, ms, in case the word that ends the silence was lost with its line. */
export const MUTED_RETRY_MS = 10_000;

export interface BoardPorts {
  readonly load: () => Answer<Board>;
  readonly open: (line: Omit<LiveLine, "token" | "onmisfit">) => () => void;
  readonly now: () => number;
}

export interface FollowedBoard {
  /** Ask for the snapshot now. */
  readonly reload: () => void;
  readonly liveness: () => Liveness;
  readonly stop: () => void;
}

/** Follow until stopped; `onshown` is called with every change of what can be shown. */
export function followBoard(ports: BoardPorts, onshown: (state: BoardState) => void): FollowedBoard {
  let live = watch([BOARD_TOPIC]).state;
  let snapshot: SnapshotState = "idle";
  let shown: BoardState = { kind: "loading" };
  let failures = 0;
  /** When the rows on the screen were taken, once a newer snapshot could not be had. */
  let staleSinceMs: number | null = null;
  let takenMs: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let close: () => void = () => undefined;
  let isStopped = false;
  /** The answer on its way was asked for before this person began to count blind. */
  let isAnswerTooOld = false;

  function show(state: BoardState): void {
    shown = state;
    onshown(state);
  }

  function reload(): void {
    const next = wanted(snapshot);
    snapshot = next.state;
    if (next.isDue) void load();
  }

  async function load(): Promise<void> {
    clearTimeout(timer);
    const answer = await ports.load();
    if (isStopped) return;
    const isTooOld = isAnswerTooOld;
    isAnswerTooOld = false;
    const next = isTooOld ? wanted("idle") : arrived(snapshot);
    snapshot = next.state;
    if (isTooOld) return void load();
    if (answer.ok) taken(answer.value);
    else missed(answer.error);
    // A failure has its own, slower next try.
    if (!next.isDue) return;
    if (answer.ok) void load();
    else snapshot = "idle";
  }

  function taken(board: Board): void {
    failures = 0;
    staleSinceMs = null;
    takenMs = ports.now();
    const { rows: cases, currency, progress, lastCountAtMs } = board;
    show({ kind: "ready", cases, currency, progress, lastCountAtMs });
    hear({ kind: "snapshot", topic: BOARD_TOPIC, epoch: board.epoch, seq: board.seq });
  }

  function missed(why: CallFailure): void {
    if (why.kind === "signed_out") {
      show({ kind: "expired" });
      stop();
      return;
    }
    if (why.kind === "refused" && why.status === 403) {
      const isMuted = why.problem.code === "counting_blind";
      show({ kind: isMuted ? "muted" : "forbidden" });
      if (isMuted) timer = setTimeout(reload, MUTED_RETRY_MS);
      return;
    }
    staleSinceMs ??= takenMs ?? ports.now();
    if (shown.kind !== "ready") show({ kind: "failed" });
    timer = setTimeout(reload, retryDelayMs(failures, Math.random()));
    failures += 1;
  }

  function hear(input: LiveInput): void {
    // A line that breaks may mean that the session has ended: the next snapshot tells.
    const isLost = input.kind === "closed" && live.link === "open";
    const step = advance(live, input);
    live = step.state;
    if (step.effects.some((effect) => effect.kind === "hide")) hide();
    if (isLost || step.effects.some((effect) => effect.kind !== "hide")) reload();
  }

  function hide(): void {
    isAnswerTooOld = snapshot !== "idle";
    show({ kind: "muted" });
    clearTimeout(timer);
    timer = setTimeout(reload, MUTED_RETRY_MS);
  }

  function stop(): void {
    isStopped = true;
    clearTimeout(timer);
    close();
  }

  onshown(shown);
  close = ports.open({ query: () => resumeQuery(live), onheard: hear });
  reload();
  return {
    reload,
    liveness: () => (staleSinceMs === null ? livenessAt(live, ports.now()) : { kind: "not_live", sinceMs: staleSinceMs }),
    stop,
  };
}
