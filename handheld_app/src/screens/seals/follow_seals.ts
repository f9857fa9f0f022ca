/**
 * Following seals: from the tap on "seal" until nothing of that tray asks for its person any more, on whatever screen they are.
 *
 * A seal goes through when its readers have handed over their last reads; by then its person may count the next tray. What was
 * silent in A's round is then asked for, one tray at a time since each search has but a minute, and a search with nothing to
 * find is ended at once: the verifier waits for its end. What a reader hears later still is told too.
 */

import type { RoundNews } from "../../api/count_shapes.ts";
import type { CallFailure } from "../../api/client.ts";
import { type Quarantined, retryDelayMs } from "../../core/outbox.ts";
import type { Result } from "../../core/result.ts";
import type { RoundFeed } from "../../core/round_feed.ts";
import type { Search } from "../../core/search.ts";
import type { Role, TourCount } from "../../core/tour.ts";
import { refusedOf, type RoundRef } from "../../core/facts.ts";

export interface SealWritten {
  readonly round: string;
  /** What of the round's live messages was heard before the seal. */
  readonly feed: RoundFeed;
  /** Number of the last seal of this round that the server refused before this one; 0: none. */
  readonly refusedBefore: number;
}

export type SealState =
  | { readonly kind: "sealing" }
  /** The server holds the sealed set; what was silent is not known yet. */
  | { readonly kind: "asking" }
  | { readonly kind: "silent"; readonly search: Search }
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "over" };

export interface FollowedSeal {
  readonly count: TourCount;
  readonly role: Role;
  readonly state: SealState;
  /** A piece was heard after the seal, and the person has not said that they know. */
  readonly isLate: boolean;
}

export interface SealPorts {
  readonly now: () => number;
  readonly follow: (feed: RoundFeed, onnews: (news: RoundNews) => void) => () => void;
  /** Ask until the round is no longer open. */
  readonly await: (of: RoundRef, onsealed: () => void) => () => void;
  /** null: there is nothing to search any more. */
  readonly openSearch: (count: string) => Promise<Result<Search | null, CallFailure>>;
  readonly endSearch: (of: RoundRef) => Promise<unknown>;
}

export interface Seals {
  readonly add: (of: Pick<FollowedSeal, "count" | "role">, seal: SealWritten) => void;
  /** Counts that this person sealed before the page was loaded: their search is asked for if nobody did. */
  readonly resume: (counts: readonly TourCount[]) => void;
  readonly quarantined: (refused: readonly Quarantined[]) => void;
  /** A screen has taken the search on; it ends it. */
  readonly take: (count: string) => void;
  /** A goes on without searching. */
  readonly decline: (count: string) => void;
  /** The person has read the refusal or the late word. */
  readonly dismiss: (count: string) => void;
  readonly stop: () => void;
}

/** Sealed trays whose late reads are still listened for: the verifier is at most as far behind. */
export const LATE_FOLLOWED_MAX = 4;

interface Entry extends FollowedSeal {
  readonly seal: SealWritten | null;
  readonly stopFeed: () => void;
  readonly stopAwait: () => void;
}
const nothing = (): void => undefined;

/** The line or the server is down for a while; whatever else it answers is its last word. */
function isPassing(why: CallFailure): boolean {
  return why.kind === "unreachable" || (why.kind === "refused" && why.status >= 500);
}

export function followSeals(ports: SealPorts, onchange: (seals: readonly FollowedSeal[]) => void): Seals {
  let entries: readonly Entry[] = [];
  let isAsking = false;
  let isStopped = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const find = (count: string): Entry | undefined => entries.find((entry) => entry.count.id === count);

  function change(count: string, changed: Partial<Entry>): void {
    entries = entries.map((entry) => (entry.count.id === count ? { ...entry, ...changed } : entry));
    const over = entries.filter((entry) => entry.state.kind === "over" && !entry.isLate);
    for (const old of over.slice(0, -LATE_FOLLOWED_MAX)) old.stopFeed();
    onchange(entries);
    pump();
  }

  function put(entry: Entry): void {
    const before = find(entry.count.id);
    before?.stopFeed();
    before?.stopAwait();
    entries = [...entries.filter((one) => one !== before), entry];
    onchange(entries);
    pump();
  }

  function hear(count: string, news: RoundNews): void {
    const entry = find(count);
    if (entry === undefined) return;
    if (news.kind === "sealed") sealed(count);
    if (news.kind === "late") change(count, { isLate: true });
    if (news.kind === "seal_refused" && entry.state.kind === "sealing") refuse(entry, news.code);
  }

  function sealed(count: string): void {
    const entry = find(count);
    if (entry?.state.kind !== "sealing") return;
    entry.stopAwait();
    change(count, { state: { kind: entry.role === "A" ? "asking" : "over" } });
  }

  function refuse(entry: Entry, code: string): void {
    entry.stopAwait();
    change(entry.count.id, { state: { kind: "refused", code } });
  }

  /** Ask for the next search unless one is open. */
  function pump(): void {
    const next = entries.find((entry) => entry.state.kind === "asking");
    if (next === undefined || isAsking || isStopped || entries.some((entry) => entry.state.kind === "silent")) return;
    isAsking = true;
    void ask(next.count.id);
  }

  async function ask(count: string): Promise<void> {
    const answer = await ports.openSearch(count);
    if (isStopped) return;
    if (!answer.ok && isPassing(answer.error)) {
      timer = setTimeout(() => void ask(count), retryDelayMs(failures, Math.random()));
      failures += 1;
      return;
    }
    failures = 0;
    const search = answer.ok ? answer.value : null;
    const isSilent = search !== null && search.pieces.length > 0;
    if (search !== null && !isSilent) await ports.endSearch({ count, round: search.round });
    isAsking = false;
    if (search === null || !isSilent) return change(count, { state: { kind: "over" } });
    timer = setTimeout(() => timeOut(count), search.untilMs - ports.now());
    change(count, { state: { kind: "silent", search } });
  }

  /** The server ends the search by itself. */
  function timeOut(count: string): void {
    if (find(count)?.state.kind === "silent") change(count, { state: { kind: "over" } });
  }

  function take(count: string): Search | null {
    const state = find(count)?.state;
    if (state?.kind !== "silent") return null;
    clearTimeout(timer);
    change(count, { state: { kind: "over" } });
    return state.search;
  }

  return {
    add: (of, seal) => {
      const id = of.count.id;
      put({
        ...of, seal, state: { kind: "sealing" }, isLate: false,
        stopFeed: ports.follow(seal.feed, (news) => hear(id, news)),
        stopAwait: ports.await({ count: id, round: seal.round }, () => sealed(id)),
      });
    },
    resume: (counts) => {
      for (const count of counts.filter((one) => find(one.id) === undefined)) {
        put({ count, role: "A", seal: null, state: { kind: "asking" }, isLate: false, stopFeed: nothing, stopAwait: nothing });
      }
    },
    quarantined: (refused) => {
      for (const entry of entries.filter(({ state }) => state.kind === "sealing")) {
        const found = entry.seal === null ? null : refusedOf(refused, entry.seal.round, "round.sealed");
        if (found !== null && entry.seal !== null && found.event.dseq > entry.seal.refusedBefore) refuse(entry, found.reason);
      }
    },
    take,
    decline: (count) => {
      const search = take(count);
      if (search !== null) void ports.endSearch({ count, round: search.round });
    },
    dismiss: (count) => {
      const entry = find(count);
      if (entry?.state.kind !== "refused") return change(count, { isLate: false });
      // The round is open again: a new seal of it is followed from its own beginning.
      entry.stopFeed();
      entries = entries.filter((one) => one !== entry);
      onchange(entries);
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      for (const entry of entries) {
        entry.stopFeed();
        entry.stopAwait();
      }
    },
  };
}
