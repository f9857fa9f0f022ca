/** Client: one line per operation of the server. Every failure is a value; nothing here throws at a screen. */

import type { ReaderShown } from "../core/counting.ts";
import type { Pairing } from "../core/device.ts";
import type { Json } from "../core/json.ts";
import type { Acknowledgement, Batch } from "../core/outbox.ts";
import { failed, type Result } from "../core/result.ts";
import type { SearchList, Sheet } from "../core/sheet.ts";
import type { Tour } from "../core/tour.ts";
import { type Misfit, type Shape, validateJson } from "../core/validate.ts";
import { attachedShape, drainingShape, readersShape, searchShape, sheetShape } from "./count_shapes.ts";
import {
  acknowledgementShape, batchBody, pairingShape, peopleShape, type Person, type Problem, problemShape, type Session, sessionShape, tourShape,
} from "./shapes.ts";

/** Longest wait for an answer, ms. A batch of 256 kB over a bad shop network takes seconds; the heartbeat has its own limit. */
export const ANSWER_MS_MAX = 15_000;

export type CallFailure =
  /** No answer: the line or the server is down. What was sent may have arrived. */
  | { readonly kind: "unreachable" }
  /** The session has ended: counting goes on, the next sync asks for the PIN. */
  | { readonly kind: "signed_out" }
  /** The server said no. */
  | { readonly kind: "refused"; readonly status: number; readonly problem: Problem }
  /** The answer has another shape than ours: app and server are of different issues. */
  | Misfit;

export type Answer<T> = Promise<Result<T, CallFailure>>;

/** One question to the server, as the signed-in person. Screens with their own shapes ask through it. */
export type Ask = <T>(call: Call<T>) => Answer<T>;

export interface Client {
  readonly ask: Ask;
  readonly claimPairing: (token: string) => Answer<Pairing>;
  /** `secret`: the device's, not a session's. */
  readonly people: (secret: string) => Answer<readonly Person[]>;
  readonly signIn: (secret: string, asked: { readonly person: string; readonly pin: string }) => Answer<Session>;
  readonly currentTour: () => Answer<Tour>;
  readonly sendBatch: (batch: Batch) => Answer<Acknowledgement>;
  readonly showCount: (count: string) => Answer<Sheet>;
  /** Open a planned count and begin A's round; asked again, the same round. */
  readonly openRound: (count: string) => Answer<Sheet>;
  readonly readersOf: (count: string) => Answer<readonly ReaderShown[]>;
  /** Let a reader listen for the next 30 s; asked again, the lease is renewed. The answer: whether its agent is there. */
  readonly attach: (round: string, reader: string) => Answer<boolean>;
  /** Let every reader of the round finish and stop. */
  readonly drain: (round: string) => Answer<number>;
  /** Open A's search; asked again while it is open, what is still silent. */
  readonly openSearch: (count: string) => Answer<SearchList>;
  readonly claim: (count: string) => Answer<Sheet>;
  readonly keyQuantity: (count: string, pieces: number) => Answer<Sheet>;
  readonly answerAsk: (count: string, word: PieceWord) => Answer<Sheet>;
  readonly scanLabels: (count: string, labels: readonly string[]) => Answer<Sheet>;
  readonly sealVerification: (count: string) => Answer<Sheet>;
  /** Go on alone with a sealed count, for a reason; it never becomes a count by two people again. */
  readonly goSolo: (count: string, reason: string) => Answer<Sheet>;
  /** Alone, after the quantity and the asked pieces: show the result. */
  readonly revealSolo: (count: string) => Answer<Sheet>;
  readonly confirmRecount: (count: string, word: PieceWord) => Answer<Sheet>;
}

/** The code on the label of a piece in the hand, or the reference of one that is not there. */
export type PieceWord = { readonly label: string } | { readonly absent: string };

export interface Call<T> {
  readonly path: string;
  readonly shape: Shape<T>;
  readonly body?: Json;
  /** Instead of the session's token. */
  readonly bearer?: string;
  readonly idempotencyKey?: string;
}

/** A client that sends `token()` as bearer when there is one; `send` is the browser's `fetch` outside tests. */
export function makeClient(token: () => string | null, send: typeof fetch = fetch): Client {
  const ask: Ask = (call) => request(call, { token: call.bearer ?? token(), send });
  return {
    ask,
    claimPairing: (pairing) => ask({ path: "/v1/device-pairings/claim", shape: pairingShape, body: { token: pairing } }),
    people: (secret) => ask({ path: "/v1/people", shape: peopleShape, bearer: secret }),
    signIn: (secret, { person, pin }) => ask({ path: "/v1/sessions", shape: sessionShape, bearer: secret, body: { person, pin } }),
    currentTour: () => ask({ path: "/v1/tours/current", shape: tourShape }),
    sendBatch: (batch) =>
      ask({ path: "/v1/sync/batches", shape: acknowledgementShape, body: batchBody(batch), idempotencyKey: batch.idempotencyKey }),
    ...countCalls(ask),
  };
}

type CountCalls = Omit<Client, "ask" | "claimPairing" | "people" | "signIn" | "currentTour" | "sendBatch">;

function countCalls(ask: Ask): CountCalls {
  const at = (count: string, act: string): string => `/v1/counts/${encodeURIComponent(count)}${act}`;
  const round = (id: string, act: string): string => `/v1/rounds/${encodeURIComponent(id)}${act}`;
  return {
    showCount: (count) => ask({ path: at(count, ""), shape: sheetShape }),
    openRound: (count) => ask({ path: at(count, "/round"), shape: sheetShape, body: {} }),
    readersOf: (count) => ask({ path: at(count, "/readers"), shape: readersShape }),
    attach: (id, reader) => ask({ path: round(id, "/attachments"), shape: attachedShape, body: { reader } }),
    drain: (id) => ask({ path: round(id, "/drain"), shape: drainingShape, body: {} }),
    openSearch: (count) => ask({ path: at(count, "/search"), shape: searchShape, body: {} }),
    claim: (count) => ask({ path: at(count, "/verification"), shape: sheetShape, body: {} }),
    keyQuantity: (count, pieces) => ask({ path: at(count, "/quantity"), shape: sheetShape, body: { pieces } }),
    answerAsk: (count, word) => ask({ path: at(count, "/answers"), shape: sheetShape, body: { ...word } }),
    scanLabels: (count, labels) => ask({ path: at(count, "/labels"), shape: sheetShape, body: { labels } }),
    sealVerification: (count) => ask({ path: at(count, "/verification/seal"), shape: sheetShape, body: {} }),
    goSolo: (count, reason) => ask({ path: at(count, "/solo"), shape: sheetShape, body: { reason } }),
    revealSolo: (count) => ask({ path: at(count, "/solo/reveal"), shape: sheetShape, body: {} }),
    confirmRecount: (count, word) => ask({ path: at(count, "/recount"), shape: sheetShape, body: { ...word } }),
  };
}

async function request<T>(call: Call<T>, line: { readonly token: string | null; readonly send: typeof fetch }): Answer<T> {
  // Taken out of its object: a browser's own `fetch` refuses to be called as a method of anything but the page.
  const { token, send } = line;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_MS_MAX);
  try {
    const response = await send(call.path, {
      method: call.body === undefined ? "GET" : "POST",
      headers: headersOf(call, token),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      cache: "no-store",
      credentials: "omit",
      signal: stop.signal,
    });
    return answered(response.status, call.shape, await response.text());
  } catch {
    // `fetch` rejects for every broken line alike and tells no reason that a person could act on.
    return failed({ kind: "unreachable" });
  } finally {
    clearTimeout(timer);
  }
}

function headersOf<T>(call: Call<T>, token: string | null): Record<string, string> {
  return {
    Accept: "application/json",
    ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    ...(call.body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(call.idempotencyKey === undefined ? {} : { "Idempotency-Key": call.idempotencyKey }),
  };
}

function answered<T>(status: number, shape: Shape<T>, body: string): Result<T, CallFailure> {
  if (status >= 200 && status < 300) return validateJson(shape, body);
  const told = validateJson(problemShape, body);
  // A proxy's own error page has no problem document; its status still tells what to do.
  const problem = told.ok ? told.value : { code: `http_${status}`, sentence: "" };
  return failed(problem.code === "not_signed_in" ? { kind: "signed_out" } : { kind: "refused", status, problem });
}
