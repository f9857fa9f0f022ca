/** Counting: keeps the readers of a round listening, follows its live messages, and asks whether its seal is through. */

import { roundNews, type RoundNews } from "../../api/count_shapes.ts";
import { openLive } from "../../api/live_socket.ts";
import type { Client } from "../../api/client.ts";
import { isScanner, type Readers, readersAsOne } from "../../core/counting.ts";
import type { RoundRef } from "../../core/facts.ts";
import { feedQuery, heard, type RoundFeed } from "../../core/round_feed.ts";
import { isRoundOpen } from "../../core/sheet.ts";

/** Pause between two renewals of the readers' lease, ms; the server ends a lease after 30 s. */
export const RENEW_MS = 10_000;
/** Pause before a reader that is giving way is asked for again, ms. */
export const BUSY_MS = 1_000;
/** Pause between two looks at a seal that is on its way, ms, beside the live message that says it. */
export const LOOK_MS = 2_000;

export interface Listening {
  readonly readers: Readers;
  /** Code of the refusal that keeps a radio reader from this round, such as `reader_busy`; null: none. */
  readonly refusal: string | null;
}

/** Attach every reader of the place and renew it until the returned function is called. A failed call changes nothing: the next one tries again. */
export function keepListening(client: Client, { count, round }: RoundRef, onlistening: (listening: Listening) => void): () => void {
  return repeat(RENEW_MS, async (isEnded) => {
    const found = await client.readersOf(count);
    if (!found.ok) return undefined;
    let refusal: string | null = null;
    for (const reader of found.value) {
      if (isEnded()) return undefined;
      const attached = await client.attach(round, reader.name);
      // One scanner serves the shop: whoever has it now keeps it, and codes can be typed meanwhile.
      if (!attached.ok && attached.error.kind === "refused" && !isScanner(reader)) refusal = attached.error.problem.code;
    }
    // An answer that comes after the seal is of no concern any more.
    if (!isEnded()) onlistening({ readers: readersAsOne(found.value), refusal });
    return refusal === "reader_busy" ? BUSY_MS : undefined;
  });
}

/** Let only the scanners listen, and free them at the end: B answers with labels, and no radio is on the air for it. */
export function keepScanning(client: Client, { count, round }: RoundRef): () => void {
  const stop = repeat(RENEW_MS, async (isEnded) => {
    const found = await client.readersOf(count);
    for (const reader of found.ok ? found.value.filter(isScanner) : []) if (!isEnded()) await client.attach(round, reader.name);
  });
  return () => {
    stop();
    void client.drain(round);
  };
}

export interface RoundLine {
  readonly stop: () => void;
  /** How far the round's messages were heard. */
  readonly feed: () => RoundFeed;
}

/** Hear what the server says of a round, from where `start` stands, until it is stopped. */
export function followRound(token: string, start: RoundFeed, onnews: (news: RoundNews) => void): RoundLine {
  let feed = start;
  let close = connect();

  function connect(): () => void {
    return openLive({
      query: () => feedQuery(feed),
      token: () => token,
      onheard: (input) => {
        const step = heard(feed, input);
        feed = step.feed;
        for (const message of step.messages) {
          const news = roundNews(message);
          if (news !== null) onnews(news);
        }
        if (!step.isReopened) return;
        close();
        close = connect();
      },
      // A frame of a later issue: the sheet, asked every few seconds while it matters, still tells the state.
      onmisfit: () => undefined,
    });
  }
  return { stop: () => close(), feed: () => feed };
}

/** Ask until the round is no longer open: sealed, or ended otherwise. */
export function awaitSealed(client: Client, { count, round }: RoundRef, onsealed: () => void): () => void {
  return repeat(LOOK_MS, async (isEnded) => {
    const sheet = await client.showCount(count);
    if (!isEnded() && sheet.ok && !isRoundOpen(sheet.value, round)) onsealed();
  });
}

/**
 * Run `step` now and again `pauseMs` after each end, or after the pause it asks for, until the returned function is called; a step
 * that is under way then may ask.
 */
export function repeat(pauseMs: number, step: (isEnded: () => boolean) => Promise<number | undefined | void>): () => void {
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function run(): Promise<void> {
    const asked = await step(() => isEnded);
    if (!isEnded) timer = setTimeout(() => void run(), asked ?? pauseMs);
  }
  void run();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
