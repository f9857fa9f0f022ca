/** Samples: one invented closing in a shop in Lyon, on 21 November 2026 at 21:12. */

import type { OpenCase } from "../core/case.ts";
import type { CountCase, SigningList } from "../core/signing.ts";
import type { CountState, Role, Tour } from "../core/tour.ts";

const at = (clock: string): number => Date.parse(`2026-11-21T${clock}:00+01:00`);
export const NOW_MS = at("21:12");

const count = (path: string, state: CountState, myRole: Role | null, partner: string | null, due = "21:00"): Tour["counts"][number] =>
  ({ id: path, place: path, path, state, myRole, dueAtMs: at(due), partner, hasRecount: state === "RECOUNTING", hasSigned: false });

export const TOUR: Tour = {
  id: "t", occasion: "closing", shopDay: "2026-11-21", nowMs: NOW_MS,
  counts: [
    count("Vitrine 3/Plateau 5", "COUNTING", "A", null, "21:30"), count("Vitrine 3/Plateau 10", "PLANNED", null, null, "21:30"),
    count("Vitrine 1/Plateau 2", "PLANNED", null, null), count("Vitrine 1/Plateau 1", "SEALED_A", "A", null),
    count("Vitrine 2/Plateau 1", "SEALED_A", null, "Marc Delaunay"), count("Vitrine 2/Plateau 2", "VERIFYING", "A", "Marc Delaunay"),
    count("Coffre A/Tiroir des pierres de couleur", "RESOLVING", "B", "Inès"), count("Coffre A/Tiroir 2", "RESULT_FIXED", "B", "Inès"),
    count("Vitrine 2/Plateau 3", "RESULT_FIXED", null, "Inès"), count("Coffre A/Tiroir 3", "CLOSED", "A", "Marc Delaunay"), count("Atelier", "MISSED", null, null),
  ],
};

/** The same closing by one person: nobody came to verify. */
export const TOUR_ALONE: Tour = {
  ...TOUR,
  counts: [count("Vitrine 1/Plateau 1", "SEALED_A", "A", null), count("Vitrine 1/Plateau 2", "RESULT_FIXED", "A", null), count("Atelier", "SIGNED_OFF_SINGLE", "A", null)],
};

export const LIST: SigningList = {
  tour: "t", listNo: 1, linesSha256: "0".repeat(64), leftOut: 2, isLate: false,
  lines: [
    { count: "1", path: "Vitrine 1/Plateau 1", myRole: "A", present: 47, missing: 0, byHand: 0, quantity: 47, exceptions: [], isAlone: false },
    { count: "2", path: "Vitrine 3/Plateau 5", myRole: "B", present: 46, missing: 1, byHand: 1, quantity: 46, exceptions: ["missing", "recounted"], isAlone: false },
    { count: "3", path: "Coffre A/Tiroir des pierres de couleur", myRole: "A", present: 112, missing: 0, byHand: 3, quantity: 115, exceptions: ["quantity", "quite_new"], isAlone: false },
    { count: "4", path: "Atelier", myRole: "A", present: 0, missing: 0, byHand: 0, quantity: 0, exceptions: [], isAlone: false },
  ],
  partner: { kind: "reading", name: "Marc Delaunay" },
};

/** One person alone closed two trays: a photo of each is wanted, and nobody signs the other side. */
export const LIST_ALONE: SigningList = {
  ...LIST, leftOut: 0, partner: null,
  lines: LIST.lines.slice(0, 2).map((line) => ({ ...line, myRole: "A", quantity: null, exceptions: [], isAlone: true })),
};

export const LIST_CASES: ReadonlyMap<string, readonly CountCase[]> = new Map([["2", [{ discrepancy: "MISSING", subject: "BAG-000388" }]]]);

const seen = (path: string, clock: string, by: string): OpenCase["lastSeen"] => ({ path, atMs: at(clock), by });
const heard = (path: string, clock: string): OpenCase["lastHeard"] => ({ path, atMs: at(clock), by: null });
const base = { isConfirmed: true, state: "open", currency: "EUR", foundMissingAtMs: at("21:04"), heardIn: null, assignee: null, dueAtMs: null, trail: [] } as const;

export const CASES: readonly OpenCase[] = [
  {
    ...base, id: "1", number: 61, finding: "missing", findingCode: "missing", state: "investigating", reference: "BAG-000388", name: "Rivière de diamants",
    valueMinor: 1_420_000, home: "Vitrine 3/Plateau 5", lastSeen: seen("Vitrine 3/Plateau 5", "15:20", "Inès"), lastHeard: heard("Atelier", "20:41"), assignee: "Léa", dueAtMs: at("22:00"),
    trail: [
      { atMs: at("20:58"), kind: "missed", path: "Vitrine 3/Plateau 5", by: "Claire" }, { atMs: at("20:41"), kind: "heard", path: "Atelier", by: null },
      { atMs: at("15:20"), kind: "quite_new", path: null, by: "Inès" },
    ],
  },
  {
    ...base, id: "2", number: 62, finding: "missing", findingCode: "missing", reference: "BAG-001902", name: "Chaton saphir", valueMinor: 425_050, home: "Vitrine 1/Plateau 2",
    lastSeen: seen("Vitrine 1/Plateau 2", "08:55", "Inès"), lastHeard: heard("Vitrine 1/Plateau 2", "17:54"),
  },
  {
    ...base, id: "3", number: 63, finding: "misplaced", findingCode: "misplaced", reference: "COL-001177", name: "Collier rivière, or blanc, 12 diamants", valueMinor: 389_000,
    home: "Coffre A/Tiroir 1", heardIn: "Vitrine 3/Plateau 5", lastSeen: seen("Vitrine 3/Plateau 5", "20:50", "Claire"), lastHeard: heard("Vitrine 3/Plateau 5", "20:50"),
  },
  {
    ...base, id: "gap/7/ALL-000219", number: null, isConfirmed: false, finding: "missing", findingCode: "missing", reference: "ALL-000219", name: "Alliance ruban", valueMinor: 98_000,
    home: "Vitrine 2/Plateau 1", lastSeen: seen("Vitrine 2/Plateau 1", "09:10", "Paul"), lastHeard: heard("Vitrine 2/Plateau 1", "21:00"),
  },
  { ...base, id: "5", number: 65, finding: "other", findingCode: "quite_new", reference: null, name: "E280 1160 6000 0209", valueMinor: null, home: null, lastSeen: null, lastHeard: heard("Vitrine 3/Plateau 5", "21:03") },
];

export const PEOPLE = [{ id: "c", name: "Claire Aubert" }, { id: "m", name: "Marc Delaunay" }, { id: "i", name: "Inès Ben Salah" }];
