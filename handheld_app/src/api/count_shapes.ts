/** Count shapes: what the server says of one count, its readers, its search and its live round. Checked once, here. */

import * as v from "valibot";

import { HEARD_STAGES, type CountingInput, type ReaderShown } from "../core/counting.ts";
import type { Json } from "../core/json.ts";
import { ASK_REASONS, MODES, ROUND_KINDS, type SearchList, type Sheet } from "../core/sheet.ts";
import { COUNT_STATES, OCCASIONS } from "../core/tour.ts";
import { validate } from "../core/validate.ts";
import { id, moment, name } from "./shapes.ts";

/** Pieces in one answer; no tray or safe holds more. */
const PIECES_MAX = 10_000;

const reference = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const piece = { reference, name };
const word = v.picklist(["present", "absent"]);
const several = <T>(shape: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> => v.pipe(v.array(shape), v.maxLength(PIECES_MAX));

const sheetWire = v.object({
  id,
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
  occasion: v.picklist(OCCASIONS),
  state: v.picklist(COUNT_STATES),
  my_role: v.nullable(v.picklist(["A", "B"])),
  mode: v.nullable(v.picklist(MODES)),
  round: v.nullable(id),
  round_kind: v.nullable(v.picklist(ROUND_KINDS)),
  search_until: v.nullable(moment),
  quantity: v.nullable(v.picklist(["needed", "keyed"])),
  asks: several(v.object({ ...piece, reason: v.picklist(ASK_REASONS), answer: v.picklist(["unanswered", "present", "absent"]) })),
  labels: v.nullable(v.literal("needed")),
  recount: several(v.pipe(v.object({ ...piece, my_word: v.nullable(word) }), v.transform(({ my_word, ...line }) => ({ ...line, myWord: my_word })))),
});

/** Answer of `GET /v1/counts/{id}` and of every POST to a count. */
export const sheetShape: v.GenericSchema<unknown, Sheet> = v.pipe(
  sheetWire,
  v.transform(({ my_role, round, round_kind, search_until, labels, ...sheet }) => ({
    ...sheet,
    myRole: my_role,
    round: round === null ? null : { id: round, kind: round_kind },
    searchUntilMs: search_until,
    isEveryLabelNeeded: labels !== null,
  })),
);

/** Answer of `GET /v1/counts/{id}/readers`. */
export const readersShape: v.GenericSchema<unknown, readonly ReaderShown[]> = several(
  v.pipe(
    v.object({ name, protocol: v.string(), is_connected: v.boolean() }),
    v.transform(({ is_connected, ...reader }) => ({ ...reader, isConnected: is_connected })),
  ),
);

/** Answer of `POST /v1/rounds/{id}/attachments`: whether the reader's agent is there. */
export const attachedShape: v.GenericSchema<unknown, boolean> = v.pipe(v.object({ is_connected: v.boolean() }), v.transform((wire) => wire.is_connected));

/** Answer of `POST /v1/rounds/{id}/drain`: how many readers were asked to finish. */
export const drainingShape: v.GenericSchema<unknown, number> = v.pipe(v.object({ attachments: v.number() }), v.transform((wire) => wire.attachments));

/** Answer of `POST /v1/counts/{id}/search`. */
export const searchShape: v.GenericSchema<unknown, SearchList> = v.pipe(
  v.object({ round: id, silent: several(v.object(piece)), until: moment }),
  v.transform(({ until, ...list }) => ({ ...list, untilMs: until })),
);

const stageBody = v.object({ stage: v.picklist(HEARD_STAGES), is_unknown_heard: v.boolean() });
const refusedBody = v.object({ code: v.pipe(v.string(), v.maxLength(64)) });
const scannedBody = v.object({ text: v.pipe(v.string(), v.maxLength(1_000)) });

export type RoundNews = CountingInput | { readonly kind: "heard_code"; readonly text: string } | { readonly kind: "changed" } | { readonly kind: "late" };

/** What a message of `round/{id}` says; null: a type of a later issue, or of no concern here. */
export function roundNews(message: { readonly type: string; readonly body: Json }): RoundNews | null {
  switch (message.type) {
    case "round.stage": {
      const body = validate(stageBody, message.body);
      return body.ok ? { kind: "stage", stage: body.value.stage, isUnknownHeard: body.value.is_unknown_heard } : null;
    }
    case "round.scanned": {
      const body = validate(scannedBody, message.body);
      return body.ok ? { kind: "heard_code", text: body.value.text } : null;
    }
    case "round.sealed":
      return { kind: "sealed" };
    case "round.refused": {
      const body = validate(refusedBody, message.body);
      return body.ok ? { kind: "seal_refused", code: body.value.code } : null;
    }
    case "round.changed":
    case "round.late":
      return { kind: message.type === "round.late" ? "late" : "changed" };
    default:
      return null;
  }
}
