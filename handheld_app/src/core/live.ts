/**
 * Live: what this screen may believe about the shop right now.
 *
 * The server numbers its messages per topic. A number that follows the last is applied, an older one is a repeat, a
 * later one means that something was missed: the topic then waits for a snapshot. Silence is told as "not live
 * since", never hidden behind old figures. Pure: the socket lives in `api/`.
 */

import type { Json } from "./json.ts";

/** The server says `heartbeat` at least this often, ms. */
export const HEARTBEAT_MS = 5_000;
/** Silence after which a screen no longer calls itself live: one heartbeat and the time that a slow network may add. */
export const SILENCE_MS_MAX = HEARTBEAT_MS + 2_000;
/** Messages kept for one topic while its snapshot is on its way; past it, the snapshot is asked for again. */
export const WAITING_MESSAGES_MAX = 1_000;

export interface LiveMessage {
  readonly seq: number;
  /** Names the server's start; numbers of different epochs cannot be compared. */
  readonly epoch: string;
  readonly topic: string;
  readonly type: string;
  /** RFC 3339, the commit's time. */
  readonly at: string;
  readonly body: Json;
}

export type TopicState =
  | { readonly kind: "following"; readonly seq: number }
  | { readonly kind: "waiting"; readonly held: readonly LiveMessage[] };

export interface LiveState {
  /** null before the first message. */
  readonly epoch: string | null;
  readonly topics: ReadonlyMap<string, TopicState>;
  /** When the server was last heard, ms of the device's clock; null: never. */
  readonly heardMs: number | null;
  readonly link: "open" | "closed";
}

export type LiveInput =
  | { readonly kind: "opened"; readonly atMs: number }
  | { readonly kind: "closed" }
  | { readonly kind: "message"; readonly message: LiveMessage; readonly atMs: number }
  | { readonly kind: "snapshot"; readonly topic: string; readonly epoch: string; readonly seq: number };

/** What the caller does next. */
export type LiveEffect =
  | { readonly kind: "apply"; readonly message: LiveMessage }
  | { readonly kind: "load_snapshot"; readonly topic: string };

export type Liveness = { readonly kind: "live" } | { readonly kind: "not_live"; readonly sinceMs: number | null };

export interface LiveStep {
  readonly state: LiveState;
  readonly effects: readonly LiveEffect[];
}

/** A screen's start: each topic waits for its first snapshot. */
export function watch(topics: readonly string[]): LiveStep {
  return {
    state: { epoch: null, topics: new Map(topics.map((topic) => [topic, { kind: "waiting", held: [] }])), heardMs: null, link: "closed" },
    effects: topics.map((topic) => ({ kind: "load_snapshot", topic })),
  };
}

export function advance(state: LiveState, input: LiveInput): LiveStep {
  switch (input.kind) {
    case "opened":
      return { state: { ...state, link: "open", heardMs: input.atMs }, effects: [] };
    case "closed":
      return { state: { ...state, link: "closed" }, effects: [] };
    case "message":
      return received({ ...state, heardMs: input.atMs }, input.message);
    case "snapshot":
      return loaded(state, input);
  }
}

/** Whether the screen may say "live" at `nowMs`; if not, since when it has heard nothing. */
export function livenessAt(state: LiveState, nowMs: number): Liveness {
  if (state.heardMs === null) return { kind: "not_live", sinceMs: null };
  const isHeard = state.link === "open" && nowMs - state.heardMs <= SILENCE_MS_MAX;
  const isCurrent = [...state.topics.values()].every((topic) => topic.kind === "following");
  return isHeard && isCurrent ? { kind: "live" } : { kind: "not_live", sinceMs: state.heardMs };
}

/** The query that resumes where this screen stopped: `since=board:41,tour:7&epoch=E&topics=board,tour`. */
export function resumeQuery(state: LiveState): string {
  const names = [...state.topics.keys()].sort();
  const since = names.flatMap((name) => {
    const topic = state.topics.get(name);
    return topic?.kind === "following" ? [`${name}:${topic.seq}`] : [];
  });
  const parts = [
    ...(since.length > 0 ? [`since=${encodeURIComponent(since.join(","))}`] : []),
    ...(state.epoch === null ? [] : [`epoch=${encodeURIComponent(state.epoch)}`]),
    `topics=${encodeURIComponent(names.join(","))}`,
  ];
  return parts.join("&");
}

function received(state: LiveState, message: LiveMessage): LiveStep {
  if (state.epoch !== null && message.epoch !== state.epoch) return restarted(state, message);
  const current: LiveState = { ...state, epoch: message.epoch };
  if (message.type === "heartbeat") return { state: current, effects: [] };
  const topic = current.topics.get(message.topic);
  if (topic === undefined) return { state: current, effects: [] };
  if (message.type === "resync") return lost(current, message.topic, []);
  if (topic.kind === "waiting") return hold(current, message, topic.held);
  if (message.seq <= topic.seq) return { state: current, effects: [] };
  if (message.seq > topic.seq + 1) return lost(current, message.topic, [message]);
  return { state: withTopic(current, message.topic, { kind: "following", seq: message.seq }), effects: [{ kind: "apply", message }] };
}

/** The server started anew: every topic needs a snapshot, and what it has just said is kept for after it. */
function restarted(state: LiveState, message: LiveMessage): LiveStep {
  const fresh = watch([...state.topics.keys()]);
  const current: LiveState = { ...state, epoch: message.epoch, topics: fresh.state.topics };
  const isKept = message.type !== "heartbeat" && message.type !== "resync" && current.topics.has(message.topic);
  return { state: isKept ? withTopic(current, message.topic, { kind: "waiting", held: [message] }) : current, effects: fresh.effects };
}

function hold(state: LiveState, message: LiveMessage, held: readonly LiveMessage[]): LiveStep {
  if (held.length >= WAITING_MESSAGES_MAX) return lost(state, message.topic, [message]);
  return { state: withTopic(state, message.topic, { kind: "waiting", held: [...held, message] }), effects: [] };
}

function lost(state: LiveState, name: string, held: readonly LiveMessage[]): LiveStep {
  return { state: withTopic(state, name, { kind: "waiting", held }), effects: [{ kind: "load_snapshot", topic: name }] };
}

function loaded(state: LiveState, snapshot: { readonly topic: string; readonly epoch: string; readonly seq: number }): LiveStep {
  const topic = state.topics.get(snapshot.topic);
  if (topic === undefined) return { state, effects: [] };
  if (state.epoch !== null && snapshot.epoch !== state.epoch) return restartedBySnapshot(state, snapshot);
  if (topic.kind === "following") return { state, effects: [] };
  let current = withTopic({ ...state, epoch: snapshot.epoch }, snapshot.topic, { kind: "following", seq: snapshot.seq });
  const effects: LiveEffect[] = [];
  for (const message of [...topic.held].sort((one, other) => one.seq - other.seq)) {
    const step = received(current, message);
    current = step.state;
    effects.push(...step.effects);
  }
  return { state: current, effects };
}

/** A snapshot told of the server's new start before any message did: the other topics need theirs too. */
function restartedBySnapshot(state: LiveState, snapshot: { readonly topic: string; readonly epoch: string; readonly seq: number }): LiveStep {
  const others = watch([...state.topics.keys()].filter((name) => name !== snapshot.topic));
  const topics = new Map(others.state.topics).set(snapshot.topic, { kind: "following", seq: snapshot.seq });
  return { state: { ...state, epoch: snapshot.epoch, topics }, effects: others.effects };
}

function withTopic(state: LiveState, name: string, topic: TopicState): LiveState {
  return { ...state, topics: new Map(state.topics).set(name, topic) };
}
