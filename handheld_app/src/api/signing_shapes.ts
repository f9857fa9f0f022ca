/** Signing shapes: the list of a tour, what its exceptions are about, and the signature. */

import * as v from "valibot";

import type { CountCase, PartnerState, Photos, SigningList } from "../core/signing.ts";
import type { Tour } from "../core/tour.ts";
import type { Answer, Ask } from "./client.ts";
import { id, moment, tourShape } from "./shapes.ts";

const word = v.pipe(v.string(), v.maxLength(64));
const text = v.pipe(v.string(), v.maxLength(500));
const figure = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const lineShape = v.pipe(
  v.object({
    count: id,
    path: text,
    my_role: v.picklist(["A", "B"]),
    present: figure,
    missing: figure,
    by_hand: figure,
    quantity_b: v.nullable(figure),
    mode: word,
    exceptions: v.pipe(v.array(word), v.maxLength(64)),
  }),
  v.transform(({ my_role, by_hand, quantity_b, mode, ...line }) => ({ ...line, myRole: my_role, byHand: by_hand, quantity: quantity_b, isAlone: mode === "solo" })),
);

const partnerShape = v.pipe(
  v.object({ name: text, state: v.picklist(["not_started", "reading", "signed"]), at: v.nullable(moment) }),
  v.transform(({ name, state, at }): PartnerState => (state === "signed" ? { kind: "signed", name, atMs: at ?? 0 } : { kind: state, name })),
);

/** Answer of `GET /v1/tours/{id}/list`. */
export const listShape: v.GenericSchema<unknown, SigningList> = v.pipe(
  v.object({
    tour: id,
    list_no: v.pipe(figure, v.minValue(1)),
    lines_sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    lines: v.pipe(v.array(lineShape), v.maxLength(60)),
    left_out: v.pipe(v.array(id), v.maxLength(10_000)),
    is_late: v.boolean(),
    partner: v.nullable(partnerShape),
  }),
  v.transform((wire) => ({
    tour: wire.tour,
    listNo: wire.list_no,
    linesSha256: wire.lines_sha256,
    lines: wire.lines,
    leftOut: wire.left_out.length,
    isLate: wire.is_late,
    partner: wire.partner,
  })),
);

/** Of `GET /v1/counts/{id}/figures` only what the count's cases are about. */
export const figuresShape: v.GenericSchema<unknown, readonly CountCase[]> = v.pipe(
  v.object({ cases: v.pipe(v.array(v.object({ discrepancy: word, subject: text })), v.maxLength(5_000)) }),
  v.transform(({ cases }) => cases),
);

export interface SignatureAsked {
  readonly list: SigningList;
  /** The sentence that stands on the screen above the PIN. */
  readonly meaning: string;
  /** When the list was shown. */
  readonly openedAtMs: number;
  readonly pin: string;
  readonly readExceptions: readonly string[];
  readonly photos: Photos;
}

export function loadTourById(ask: Ask, tour: string): Answer<Tour> {
  return ask({ path: `/v1/tours/${encodeURIComponent(tour)}`, shape: tourShape });
}

/** The list I can sign now. Asking for it fixes the results that people have settled. */
export function loadList(ask: Ask, tour: string): Answer<SigningList> {
  return ask({ path: `/v1/tours/${encodeURIComponent(tour)}/list`, shape: listShape });
}

export function loadCases(ask: Ask, count: string): Answer<readonly CountCase[]> {
  return ask({ path: `/v1/counts/${encodeURIComponent(count)}/figures`, shape: figuresShape });
}

export function sign(ask: Ask, asked: SignatureAsked): Answer<unknown> {
  const { list, meaning, openedAtMs, pin, readExceptions, photos } = asked;
  const body = {
    list_no: list.listNo,
    lines_sha256: list.linesSha256,
    meaning,
    opened_at: new Date(openedAtMs).toISOString(),
    pin,
    read_exceptions: readExceptions,
    photos: [...photos].map(([count, sha256]) => ({ count, sha256 })),
  };
  return ask({ path: `/v1/tours/${encodeURIComponent(list.tour)}/signatures`, shape: v.object({ signature: id }), body });
}
