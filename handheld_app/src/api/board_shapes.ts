/** Board shapes: the board's snapshot and the acts on a case, as the server speaks of them. */

import * as v from "valibot";

import { CASE_STATES, type Decision, findingOf, type OpenCase } from "../core/case.ts";
import type { Answer, Ask } from "./client.ts";
import { moment } from "./shapes.ts";

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const word = v.pipe(v.string(), v.maxLength(64));
const name = v.pipe(v.string(), v.maxLength(500));
const path = v.pipe(v.string(), v.maxLength(500));
const whole = v.pipe(v.number(), v.safeInteger());
const currency = v.pipe(v.string(), v.regex(/^[A-Z]{3}$/));

/** More open cases than this nobody works through; the server sends fewer. */
const ROWS_MAX = 10_000;
const TRAIL_MAX = 1_000;

const trailShape = v.pipe(
  v.object({ at: moment, kind: word, path: v.nullable(path), by: v.nullable(name) }),
  v.transform(({ at, ...entry }) => ({ ...entry, atMs: at })),
);

const rowShape = v.pipe(
  v.object({
    id,
    number: v.nullable(whole),
    is_confirmed: v.boolean(),
    finding: word,
    // A gap's state is no case's, and nothing is decided by it.
    state: v.fallback(v.picklist(CASE_STATES), "open"),
    reference: v.nullable(name),
    name,
    value_minor: v.nullable(whole),
    currency,
    home: v.nullable(path),
    heard_in: v.nullable(path),
    last_seen: v.nullable(v.pipe(v.object({ at: moment, path: v.nullable(path), by: v.nullable(name) }), v.transform(({ at, ...seen }) => ({ ...seen, atMs: at })))),
    last_heard: v.nullable(v.pipe(v.object({ at: moment, path: v.nullable(path) }), v.transform((heard) => ({ path: heard.path, by: null, atMs: heard.at })))),
    found_missing_at: moment,
    assignee: v.nullable(name),
    due_at: v.nullable(moment),
    trail: v.pipe(v.array(trailShape), v.maxLength(TRAIL_MAX)),
  }),
  v.transform((wire): OpenCase => ({
    id: wire.id,
    number: wire.number,
    isConfirmed: wire.is_confirmed,
    finding: findingOf(wire.finding),
    findingCode: wire.finding,
    state: wire.state,
    reference: wire.reference,
    name: wire.name,
    valueMinor: wire.value_minor,
    currency: wire.currency,
    home: wire.home,
    heardIn: wire.heard_in,
    lastSeen: wire.last_seen,
    lastHeard: wire.last_heard,
    foundMissingAtMs: wire.found_missing_at,
    assignee: wire.assignee,
    dueAtMs: wire.due_at,
    trail: wire.trail,
  })),
);

export interface Board {
  readonly epoch: string;
  /** The last message of topic `board` that this snapshot holds. */
  readonly seq: number;
  readonly currency: string;
  readonly progress: { readonly done: number; readonly all: number };
  readonly lastCountAtMs: number | null;
  readonly rows: readonly OpenCase[];
}

/** Answer of `GET /v1/board`. */
export const boardShape: v.GenericSchema<unknown, Board> = v.pipe(
  v.object({
    epoch: id,
    seq: v.pipe(whole, v.minValue(0)),
    currency,
    progress: v.object({ done: whole, all: whole }),
    last_count_at: v.nullable(moment),
    rows: v.pipe(v.array(rowShape), v.maxLength(ROWS_MAX)),
  }),
  v.transform(({ last_count_at, ...board }) => ({ ...board, lastCountAtMs: last_count_at })),
);

/** A decided case is read again with the board; of the answer only its coming matters. */
const done = v.object({ id });

export function loadBoard(ask: Ask): Answer<Board> {
  return ask({ path: "/v1/board", shape: boardShape });
}

/** I look into it. */
export function investigate(ask: Ask, caseId: string): Answer<unknown> {
  return ask({ path: `/v1/cases/${encodeURIComponent(caseId)}/investigation`, shape: done, body: {} });
}

export function decide(ask: Ask, caseId: string, decision: Decision): Answer<unknown> {
  const { outcome, isSighted, label, document, reason } = decision;
  const body = {
    outcome,
    is_sighted: isSighted,
    ...(label.trim() === "" ? {} : { label: label.trim() }),
    ...(document.trim() === "" ? {} : { document: document.trim() }),
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
  return ask({ path: `/v1/cases/${encodeURIComponent(caseId)}/decision`, shape: done, body });
}
