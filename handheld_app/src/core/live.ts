/**
 * Live: what this screen may believe about the shop right now.
 *
 * The server numbers its messages per topic. A number that follows the last is applied, an older one is a repeat, a
 * later one means that something was missed: the topic then waits for a snapshot. Silence is told as "not live
 * since", never hidden behind old figures. Pure: the socket lives in `api/`.
 */

import type { Json } from "./json.ts";

/** Silence after which a screen no longer calls itself live, ms. The server sends a heartbeat after 4 s without a message. */
export const SILENCE_MS_MAX = 5_000;
/** Messages kept for one topic while its snapshot is on its way; past it the oldest are dropped. */
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
  | { readonly kind: "waiting"; readonly held: readonly LiveMessage[] }
  /** The server tells nothing while this person counts blind; a resync or a snapshot ends it. */
  | { readonly kind: "muted" };

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
  /** `heads`: the last number of each topic, for a screen that missed the one it should have had last. */
  | { readonly kind: "heartbeat"; readonly epoch: string; readonly heads: ReadonlyMap<string, number>; readonly atMs: number }
  | { readonly kind: "muted"; readonly epoch: string; readonly topic: string; readonly atMs: number }
  /** The server can no longer replay these topics. */
  | { readonly kind: "resync"; readonly epoch: string; readonly topics: readonly string[]; readonly atMs: number }
  | { readonly kind: "snapshot"; readonly topic: string; readonly epoch: string; readonly seq: number };

/** What the caller does next. */
export type LiveEffect =
  | { readonly kind: "apply"; readonly message: LiveMessage }
  | { readonly kind: "load_snapshot"; readonly topic: string }
  /** Take what the topic showed off the screen. */
  | { readonly kind: "hide"; readonly topic: string };

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
    case "heartbeat":
      return behind({ ...state, heardMs: input.atMs }, input);
    case "muted":
      return muted({ ...state, heardMs: input.atMs }, input);
    case "resync":
      return resynchronised({ ...state, heardMs: input.atMs }, input);
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
  const before = inEpoch(state, message.epoch);
  const current = before.state;
  const topic = current.topics.get(message.topic);
  if (topic === undefined || topic.kind === "muted") return before;
  if (topic.kind === "waiting") return { ...hold(current, message, topic.held), effects: before.effects };
  if (message.seq <= topic.seq) return before;
  if (message.seq > topic.seq + 1) return lost(current, message.topic, [message]);
  return { state: withTopic(current, message.topic, { kind: "following", seq: message.seq }), effects: [{ kind: "apply", message }] };
}

/** A heartbeat whose number is past ours tells of a message that never came. */
function behind(state: LiveState, beat: { readonly epoch: string; readonly heads: ReadonlyMap<string, number> }): LiveStep {
  const before = inEpoch(state, beat.epoch);
  const missed = [...before.state.topics].flatMap(([name, topic]) => (topic.kind === "following" && (beat.heads.get(name) ?? 0) > topic.seq ? [name] : []));
  return missed.reduce<LiveStep>((step, name) => {
    const next = lost(step.state, name, []);
    return { state: next.state, effects: [...step.effects, ...next.effects] };
  }, before);
}

function muted(state: LiveState, told: { readonly epoch: string; readonly topic: string }): LiveStep {
  const { state: current } = inEpoch(state, told.epoch);
  if (!current.topics.has(told.topic)) return { state: current, effects: [] };
  return { state: withTopic(current, told.topic, { kind: "muted" }), effects: [{ kind: "hide", topic: told.topic }] };
}

/** The state in the server's present epoch: after a restart every topic waits for a snapshot. */
function inEpoch(state: LiveState, epoch: string): LiveStep {
  if (state.epoch === null || state.epoch === epoch) return { state: { ...state, epoch }, effects: [] };
  const fresh = watch([...state.topics.keys()]);
  return { state: { ...state, epoch, topics: fresh.state.topics }, effects: fresh.effects };
}

function resynchronised(state: LiveState, told: { readonly epoch: string; readonly topics: readonly string[] }): LiveStep {
  const before = inEpoch(state, told.epoch);
  // After a restart every topic is asked for already.
  if (before.effects.length > 0) return before;
  let current = before.state;
  const effects: LiveEffect[] = [];
  for (const name of told.topics.filter((topic) => current.topics.has(topic))) {
    const step = lost(current, name, []);
    current = step.state;
    effects.push(...step.effects);
  }
  return { state: current, effects };
}

/** Keep a message behind the snapshot that is on its way. At the limit the oldest goes: the gap then asks for a newer snapshot. */
function hold(state: LiveState, message: LiveMessage, held: readonly LiveMessage[]): LiveStep {
  const kept = [...held, message].slice(-WAITING_MESSAGES_MAX);
  return { state: withTopic(state, message.topic, { kind: "waiting", held: kept }), effects: [] };
}

function lost(state: LiveState, name: string, held: readonly LiveMessage[]): LiveStep {
  return { state: withTopic(state, name, { kind: "waiting", held }), effects: [{ kind: "load_snapshot", topic: name }] };
}

function loaded(state: LiveState, snapshot: { readonly topic: string; readonly epoch: string; readonly seq: number }): LiveStep {
  const before = inEpoch(state, snapshot.epoch);
  const topic = before.state.topics.get(snapshot.topic);
  if (topic === undefined) return before;
  // A snapshot holds everything up to its number: what is said again below it is a repeat.
  const seq = topic.kind === "following" ? Math.max(topic.seq, snapshot.seq) : snapshot.seq;
  let current = withTopic(before.state, snapshot.topic, { kind: "following", seq });
  // A snapshot may tell of a restart before any message does: the other topics then still need theirs.
  const effects = before.effects.filter((effect) => effect.kind !== "load_snapshot" || effect.topic !== snapshot.topic);
  const held = topic.kind === "waiting" ? topic.held : [];
  for (const message of [...held].sort((one, other) => one.seq - other.seq)) {
    const step = received(current, message);
    current = step.state;
    effects.push(...step.effects);
  }
  return { state: current, effects };
}

function withTopic(state: LiveState, name: string, topic: TopicState): LiveState {
  return { ...state, topics: new Map(state.topics).set(name, topic) };
}
