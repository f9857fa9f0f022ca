/**
 * Round feed: the live messages of one round from its first one on, however often the line breaks.
 *
 * A round has no snapshot to load: the server's ring is asked for everything since message 0. The first opening does
 * not know the epoch, so the server answers with a resync that names it; the line is then opened again with it. Pure.
 */

import type { LiveInput, LiveMessage } from "./live.ts";

export interface RoundFeed {
  readonly topic: string;
  /** null before the server named it. */
  readonly epoch: string | null;
  /** The last message applied; null: the ring no longer reaches back, only what is new will be heard. */
  readonly seq: number | null;
}

export interface FeedStep {
  readonly feed: RoundFeed;
  readonly messages: readonly LiveMessage[];
  /** Close the line and open it again with the new query, at once. */
  readonly isReopened: boolean;
}

export function feedOf(round: string): RoundFeed {
  return { topic: `round/${round}`, epoch: null, seq: 0 };
}

/** Only what is said from now on: for who answers to each scan once, and not again when the screen opens again. */
export function feedFromNow(round: string): RoundFeed {
  return { ...feedOf(round), seq: null };
}

/** The query of the next opening. */
export function feedQuery(feed: RoundFeed): string {
  const topics = `topics=${encodeURIComponent(feed.topic)}`;
  if (feed.seq === null) return topics;
  return `${topics}&since=${encodeURIComponent(`${feed.topic}:${feed.seq}`)}&epoch=${encodeURIComponent(feed.epoch ?? "")}`;
}

export function heard(feed: RoundFeed, input: LiveInput): FeedStep {
  switch (input.kind) {
    case "message":
      return received(feed, input.message);
    case "heartbeat":
      return input.epoch === feed.epoch || feed.epoch === null ? still(feed) : again(feed, input.epoch);
    case "resync":
      return input.epoch === feed.epoch ? { ...still({ ...feed, seq: null }), isReopened: true } : again(feed, input.epoch);
    default:
      return still(feed);
  }
}

function received(feed: RoundFeed, message: LiveMessage): FeedStep {
  if (message.topic !== feed.topic) return still(feed);
  if (message.epoch !== feed.epoch && feed.epoch !== null) return again(feed, message.epoch);
  if (feed.seq !== null && message.seq <= feed.seq) return still(feed);
  return { feed: { ...feed, epoch: message.epoch, seq: message.seq }, messages: [message], isReopened: false };
}

/** The server has started anew, or has just named itself: hear this round from its beginning, if that was asked for. */
function again(feed: RoundFeed, epoch: string): FeedStep {
  if (feed.seq === null) return still({ ...feed, epoch });
  return { feed: { ...feed, epoch, seq: 0 }, messages: [], isReopened: true };
}

function still(feed: RoundFeed): FeedStep {
  return { feed, messages: [], isReopened: false };
}
