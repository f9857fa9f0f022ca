/** Shapes: what the server sends and is sent, checked once, here. Names are the wire's inside this file and ours behind it. */

import * as v from "valibot";

import type { Pairing } from "../core/device.ts";
import type { Json } from "../core/json.ts";
import type { LiveInput } from "../core/live.ts";
import type { Acknowledgement, Batch } from "../core/outbox.ts";
import { COUNT_STATES, OCCASIONS, type Tour } from "../core/tour.ts";

export const id = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
export const name = v.pipe(v.string(), v.maxLength(200));
const whole = v.pipe(v.number(), v.safeInteger());
const sequence = v.pipe(whole, v.minValue(0));

/** RFC 3339 with a zone, to ms since epoch. */
export const moment = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/),
  v.transform((text) => Date.parse(text)),
  whole,
);

const json: v.GenericSchema<unknown, Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]));

/** What a shop leaves out is filled with a French shop's. */
const shopShape = v.object({
  name: v.optional(name, ""),
  zone: v.optional(v.pipe(v.string(), v.check(isZone, "not a zone")), "Europe/Paris"),
  currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/)), "EUR"),
});

/** Answer of `POST /v1/device-pairings/claim`. */
export const pairingShape: v.GenericSchema<unknown, Pairing> = v.pipe(
  v.object({ device_id: id, device_secret: v.pipe(v.string(), v.minLength(16), v.maxLength(200)), shop: shopShape }),
  v.transform((wire) => ({ deviceId: wire.device_id, deviceSecret: wire.device_secret, shop: wire.shop })),
);

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Answer of `GET /v1/people`; a shop has tens of people, not thousands. */
export const peopleShape: v.GenericSchema<unknown, readonly Person[]> = v.pipe(v.array(v.object({ id, name })), v.maxLength(1_000));

export interface Session {
  readonly token: string;
  readonly person: Person & { readonly rights: readonly string[] };
}

/** Answer of `POST /v1/sessions`. */
export const sessionShape: v.GenericSchema<unknown, Session> = v.object({
  token: v.pipe(v.string(), v.minLength(16), v.maxLength(200)),
  person: v.object({ id, name, rights: v.pipe(v.array(v.string()), v.maxLength(32)) }),
});

const countShape = v.pipe(
  v.object({
    id,
    place: id,
    path: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
    state: v.picklist(COUNT_STATES),
    my_role: v.nullable(v.picklist(["A", "B"])),
    due_at: moment,
    partner: v.nullable(name),
    has_recount: v.boolean(),
    has_signed: v.boolean(),
  }),
  v.transform(({ my_role, due_at, has_recount, has_signed, ...count }) => ({ ...count, myRole: my_role, dueAtMs: due_at, hasRecount: has_recount, hasSigned: has_signed })),
);

/** Answer of `GET /v1/tours/current`. */
export const tourShape: v.GenericSchema<unknown, Tour> = v.pipe(
  v.object({
    id,
    occasion: v.picklist(OCCASIONS),
    shop_day: v.pipe(v.string(), v.isoDate()),
    now: moment,
    counts: v.pipe(v.array(countShape), v.maxLength(10_000)),
  }),
  v.transform(({ shop_day, now, ...tour }) => ({ ...tour, shopDay: shop_day, nowMs: now })),
);

/** Body of `POST /v1/sync/batches`. */
export function batchBody(batch: Batch): Json {
  const events = batch.events.map(({ atMs, monoMs, ...event }) => ({ ...event, at: new Date(atMs).toISOString(), mono_ms: monoMs }));
  return { events };
}

/** Answer of `POST /v1/sync/batches`; every outcome but a refusal is the same to the device. */
export const acknowledgementShape: v.GenericSchema<unknown, Acknowledgement> = v.pipe(
  v.object({
    ack_seq: sequence,
    results: v.pipe(
      v.array(v.object({ id, outcome: v.picklist(["accepted", "duplicate", "quarantined"]), reason: v.optional(v.nullable(v.string())) })),
      v.maxLength(1_000),
    ),
  }),
  v.transform(({ ack_seq, results }) => ({
    ackSeq: ack_seq,
    refused: results.filter((result) => result.outcome === "quarantined").map((result) => ({ id: result.id, reason: result.reason ?? "quarantined" })),
  })),
);

export interface Problem {
  /** Stable name of the refusal, such as `same_person`. */
  readonly code: string;
  /** A sentence for a person. */
  readonly sentence: string;
}

/** RFC 9457 document that comes with every refusal. */
export const problemShape: v.GenericSchema<unknown, Problem> = v.pipe(
  v.object({ code: v.pipe(v.string(), v.maxLength(64)), detail: v.optional(v.string(), "") }),
  v.transform(({ code, detail }) => ({ code, sentence: detail })),
);

const heads = v.record(v.string(), sequence);

/** A frame of `WS /v1/live`, without the clock that the socket adds. */
export type LiveFrame =
  | { readonly kind: "message"; readonly message: Extract<LiveInput, { kind: "message" }>["message"] }
  | { readonly kind: "heartbeat"; readonly epoch: string; readonly heads: ReadonlyMap<string, number> }
  | { readonly kind: "muted"; readonly epoch: string; readonly topic: string }
  | { readonly kind: "resync"; readonly epoch: string; readonly topics: readonly string[] };

/** Heartbeats and resyncs number nothing: they carry the topics' heads instead. */
export const liveFrameShape: v.GenericSchema<unknown, LiveFrame> = v.union([
  v.pipe(
    v.object({ type: v.literal("heartbeat"), epoch: id, heads }),
    v.transform((wire): LiveFrame => ({ kind: "heartbeat", epoch: wire.epoch, heads: new Map(Object.entries(wire.heads)) })),
  ),
  // Only the board is ever muted, while its viewer counts blind.
  v.pipe(v.object({ type: v.literal("muted"), epoch: id }), v.transform(({ epoch }): LiveFrame => ({ kind: "muted", epoch, topic: "board" }))),
  v.pipe(
    v.object({ type: v.literal("resync"), epoch: id, heads }),
    v.transform((wire): LiveFrame => ({ kind: "resync", epoch: wire.epoch, topics: Object.keys(wire.heads) })),
  ),
  v.pipe(
    v.object({ seq: v.pipe(whole, v.minValue(1)), epoch: id, topic: id, type: v.string(), at: v.string(), body: json }),
    v.transform((message): LiveFrame => ({ kind: "message", message })),
  ),
]);

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    // The platform's only way to say that it does not know a zone.
    return false;
  }
}
