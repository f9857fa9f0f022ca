/** Samples: one invented closing in a shop in Lyon, on 21 November 2026 at 21:12. */

import type { OpenCase } from "../core/case.ts";
import type { SigningList } from "../core/signing.ts";
import type { CountState, Role, Tour } from "../core/tour.ts";
import type { Ask } from "../core/verification.ts";

const at = (clock: string): number => Date.parse(`2026-11-21T${clock}:00+01:00`);
export const NOW_MS = at("21:12");

const count = (path: string, state: CountState, myRole: Role | null, partner: string | null, due = "21:00"): Tour["counts"][number] =>
  ({ id: path, place: path, path, state, myRole, dueAtMs: at(due), partner });

export const TOUR: Tour = {
  id: "t", occasion: "closing", shopDay: "2026-11-21",
  counts: [
    count("Vitrine 3/Plateau 5", "COUNTING", "A", null, "21:30"), count("Vitrine 3/Plateau 10", "PLANNED", null, null, "21:30"),
    count("Vitrine 1/Plateau 2", "PLANNED", null, null), count("Vitrine 1/Plateau 1", "SEALED_A", "A", null),
    count("Vitrine 2/Plateau 1", "SEALED_A", null, "Marc Delaunay"), count("Vitrine 2/Plateau 2", "VERIFYING", "A", "Marc Delaunay"),
    count("Coffre A/Tiroir des pierres de couleur", "RESOLVING", "B", "Inès"), count("Coffre A/Tiroir 2", "RESULT_FIXED", "B", "Inès"),
    count("Coffre A/Tiroir 3", "CLOSED", "A", "Marc Delaunay"), count("Atelier", "MISSED", null, null),
  ],
};

export const ASKS: readonly Ask[] = [
  { piece: "1", reference: "COL-001177", name: "Collier rivière, or blanc, 12 diamants", reason: "drawn", answer: "scanned" },
  { piece: "2", reference: "BAG-000412", name: "Solitaire 1,02 ct", reason: "high_value", answer: "seen" },
  { piece: "3", reference: "ALL-000219", name: "Alliance ruban", reason: "drawn", answer: "unanswered" },
];

export const LIST: SigningList = {
  id: "l",
  lines: [
    { count: "1", path: "Vitrine 1 · Plateau 1", present: 47, missing: 0, byHand: 0 },
    { count: "2", path: "Vitrine 3 · Plateau 5", present: 46, missing: 1, byHand: 1 },
    { count: "3", path: "Coffre A · Tiroir des pierres de couleur", present: 112, missing: 0, byHand: 3 },
    { count: "4", path: "Atelier", present: 0, missing: 0, byHand: 0 },
  ],
  exceptions: [
    { id: "x1", path: "Vitrine 3 · Plateau 5", sentence: "BAG-000388, rivière, manque depuis 15:20. Dossier n° 61 ouvert, confié à Léa." },
    { id: "x2", path: "Coffre A · Tiroir des pierres de couleur", sentence: "Le nombre compté à l'œil (115) a demandé un second comptage à l'aveugle." },
  ],
  partner: { kind: "reading", name: "Marc Delaunay" },
};

const base = { currency: "EUR", foundMissingAtMs: at("21:04"), assignee: null, dueAtMs: null, trail: [] };

export const CASES: readonly OpenCase[] = [
  {
    ...base, id: "1", number: 61, finding: "missing", reference: "BAG-000388", name: "Rivière de diamants", valueMinor: 1_420_000, home: "Vitrine 3/Plateau 5",
    lastSeen: { atMs: at("15:20"), path: "Vitrine 3/Plateau 5", by: "Inès" }, lastHeard: { atMs: at("20:41"), path: "Atelier", by: null },
    assignee: "Léa", dueAtMs: at("22:00"),
    trail: [
      { atMs: at("21:10"), sentence: "Entendue par l'antenne de l'atelier, faible" }, { atMs: at("20:58"), sentence: "Absente pour Claire et pour Marc" },
      { atMs: at("15:20"), sentence: "Retour de présentation, Inès" }, { atMs: at("09:03"), sentence: "Comptée à l'ouverture, Vitrine 3/Plateau 5" },
    ],
  },
  {
    ...base, id: "2", number: 62, finding: "missing", reference: "BAG-001902", name: "Chaton saphir", valueMinor: 425_050, home: "Vitrine 1/Plateau 2",
    lastSeen: { atMs: at("08:55"), path: "Vitrine 1/Plateau 2", by: "Inès" }, lastHeard: { atMs: at("17:54"), path: "Vitrine 1/Plateau 2", by: null },
  },
  {
    ...base, id: "3", number: 63, finding: "misplaced", reference: "COL-001177", name: "Collier rivière, or blanc, 12 diamants", valueMinor: 389_000, home: "Coffre A/Tiroir 1",
    lastSeen: { atMs: at("20:50"), path: "Vitrine 3/Plateau 5", by: "Claire" }, lastHeard: { atMs: at("20:50"), path: "Vitrine 3/Plateau 5", by: null },
  },
  { ...base, id: "4", number: 64, finding: "unexpected", reference: null, name: "E280 1160 6000 0209", valueMinor: null, home: null, lastSeen: null, lastHeard: { atMs: at("21:03"), path: "Vitrine 3/Plateau 5", by: null } },
  { ...base, id: "5", number: 65, finding: "tag_only", reference: "ALL-000219", name: "Alliance ruban", valueMinor: 98_000, home: "Vitrine 2/Plateau 1", lastSeen: { atMs: at("09:10"), path: "Vitrine 2/Plateau 1", by: "Paul" }, lastHeard: { atMs: at("21:00"), path: "Vitrine 2/Plateau 1", by: null } },
];

export const PEOPLE = [{ id: "c", name: "Claire Aubert" }, { id: "m", name: "Marc Delaunay" }, { id: "i", name: "Inès Ben Salah" }];
