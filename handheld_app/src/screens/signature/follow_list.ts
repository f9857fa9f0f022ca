/**
 * Following a list: load it, say what its exceptions are about, sign it, and watch until the other person has signed too.
 *
 * Every message of topic `tour` asks again; requests never overlap. A list whose lines are the same stays on the screen as it
 * is, with what was read and keyed; another list starts anew, since what was read is what is signed.
 */

import type { Ask, CallFailure } from "../../api/client.ts";
import { loadCases, loadList, loadTourById, sign } from "../../api/signing_shapes.ts";
import { retryDelayMs } from "../../core/outbox.ts";
import { afterSigning, type CountCase, exceptionsOf, type Photos, type SigningList, waitsFor } from "../../core/signing.ts";
import { arrived, type SnapshotState, wanted } from "../../core/snapshot.ts";
import { nextStep, type Tour } from "../../core/tour.ts";
import { codeOf } from "../refusal.ts";
import type { SignatureState, SigningStep, TourName } from "./signature_state.ts";

export interface ListPorts {
  readonly ask: Ask;
  /** The tour's id. */
  readonly tour: string;
  readonly now: () => number;
  /** Watch topic `tour`; each call of `onchange` asks again. Gives the function that ends it. */
  readonly open: (onchange: () => void) => () => void;
}

export interface Signing {
  readonly pin: string;
  /** Counts whose exceptions were read. */
  readonly read: readonly string[];
  readonly photos: Photos;
  /** The sentence on the screen. */
  readonly meaning: string;
}

export interface FollowedList {
  readonly sign: (signing: Signing) => Promise<void>;
  /** Ask again; after a signature, for the next list. */
  readonly reload: () => void;
  readonly stop: () => void;
}

export interface Shown {
  readonly state: SignatureState;
  readonly name: TourName | null;
}

export function followList(ports: ListPorts, onshown: (shown: Shown) => void): FollowedList {
  let state: SignatureState = { kind: "loading" };
  let name: TourName | null = null;
  let snapshot: SnapshotState = "idle";
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;

  function show(next: SignatureState): void {
    state = next;
    if (!isStopped) onshown({ state, name });
  }

  function refresh(): void {
    // While a signature is on its way its own answer says how things stand.
    if (isStopped || (state.kind === "list" && state.step.kind === "working")) return;
    const next = wanted(snapshot);
    snapshot = next.state;
    if (next.isDue) void load();
  }

  async function load(): Promise<void> {
    clearTimeout(timer);
    await (state.kind === "signed" ? loadAfter(state) : loadNow());
    if (isStopped) return;
    const next = arrived(snapshot);
    snapshot = next.state;
    if (next.isDue) void load();
  }

  async function loadNow(): Promise<void> {
    const list = await loadList(ports.ask, ports.tour);
    // After the list: asking for it fixes results, and the tour then tells whom they wait for.
    const tour = name !== null && list.ok ? null : await loadTourById(ports.ask, ports.tour);
    if (tour?.ok) name = { occasion: tour.value.occasion, shopDay: tour.value.shopDay };
    if (!list.ok) return missed(list.error, tour?.ok ? tour.value : null);
    failures = 0;
    await showList(list.value);
  }

  async function showList(list: SigningList): Promise<void> {
    if (state.kind === "list" && isSame(state.shown.list, list)) {
      show({ ...state, shown: { ...state.shown, list } });
      return;
    }
    const cases = await casesOf(list);
    const step: SigningStep = state.kind === "list" ? { kind: "refused", code: "list_changed" } : { kind: "ready" };
    show({ kind: "list", step, shown: { list, exceptions: exceptionsOf(list, cases), openedAtMs: ports.now() } });
  }

  /** What cannot be loaded leaves its sentence without names; it is said all the same. */
  async function casesOf(list: SigningList): Promise<ReadonlyMap<string, readonly CountCase[]>> {
    const marked = list.lines.filter((line) => line.exceptions.length > 0);
    const answers = await Promise.all(marked.map(async (line) => ({ count: line.count, answer: await loadCases(ports.ask, line.count) })));
    return new Map(answers.flatMap(({ count, answer }) => (answer.ok ? [[count, answer.value] as const] : [])));
  }

  function missed(why: CallFailure, tour: Tour | null): void {
    if (why.kind === "signed_out") return expire();
    if (why.kind === "refused" && why.problem.code === "nothing_to_sign") return show({ kind: "nothing", waitsFor: tour === null ? [] : waitsFor(tour) });
    if (why.kind === "refused" && why.status < 500) return show({ kind: "withheld", code: why.problem.code });
    if (state.kind !== "list") show({ kind: "failed" });
    timer = setTimeout(refresh, retryDelayMs(failures, Math.random()));
    failures += 1;
  }

  function expire(): void {
    show({ kind: "expired" });
    stop();
  }

  function stop(): void {
    isStopped = true;
    clearTimeout(timer);
    close();
  }

  async function signNow({ pin, read, photos, meaning }: Signing): Promise<void> {
    if (state.kind !== "list" || state.step.kind === "working") return;
    const { shown } = state;
    show({ kind: "list", shown, step: { kind: "working" } });
    const answer = await sign(ports.ask, { list: shown.list, meaning, openedAtMs: shown.openedAtMs, pin, readExceptions: read, photos });
    if (answer.ok) {
      const after = shown.list.partner === null || shown.list.partner.kind === "signed" ? "complete" : "waiting";
      show({ kind: "signed", list: shown.list, atMs: ports.now(), after, hasNext: false });
    } else if (answer.error.kind === "signed_out") expire();
    else show({ kind: "list", shown, step: { kind: "refused", code: codeOf(answer.error) } });
    refresh();
  }

  async function loadAfter(signed: Extract<SignatureState, { kind: "signed" }>): Promise<void> {
    const tour = await loadTourById(ports.ask, ports.tour);
    if (tour.ok) show({ ...signed, after: afterSigning(tour.value, signed.list.lines.map((line) => line.count)), hasNext: hasOther(tour.value, signed.list) });
    else if (tour.error.kind === "signed_out") expire();
  }

  function hasOther(tour: Tour, list: SigningList): boolean {
    const signed = new Set(list.lines.map((line) => line.count));
    return tour.counts.some((count) => nextStep(count) === "sign" && !signed.has(count.id));
  }

  const close = ports.open(refresh);
  refresh();
  return {
    sign: signNow,
    reload: () => {
      if (state.kind === "signed") show({ kind: "loading" });
      refresh();
    },
    stop,
  };
}

function isSame(one: SigningList, other: SigningList): boolean {
  return one.listNo === other.listNo && one.linesSha256 === other.linesSha256;
}
