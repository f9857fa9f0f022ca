/**
 * Text: every sentence the app shows, in French and English. English must have exactly the French keys (the types say so).
 *
 * Sentences speak to a person with a tray in one hand: short, factual, no blame, and they name the next step.
 */

import type { CountingStage } from "./core/counting.ts";
import type { NextStep, Occasion } from "./core/tour.ts";
import type { AskReason } from "./core/verification.ts";
import { formatClock, formatDay, formatMoney, formatSpan, type Language, plural } from "./core/format.ts";
import { boardEn, boardFr } from "./texts/board.ts";
import type { Sentences } from "./texts/sentences.ts";
import { signatureEn, signatureFr } from "./texts/signature.ts";

/** `\u202f`: the narrow space that French wants before `: ; ! ?` and inside guillemets, and that no line may break at. */
const fr = {
  product: "Baguier",
  tagline: "Chaque pièce, matin et soir.",
  back: "Retour",
  retry: "Réessayer",
  cancel: "Annuler",

  linkOnline: "En ligne",
  linkSlow: "Réseau lent",
  linkOffline: "Hors ligne",
  linkExpired: "Code à saisir",
  linkWaiting: (n: number) => `${n} en attente`,
  offlineKept: "Hors ligne, lectures gardées",
  offlineSafe: "Rien n'est perdu\u202f: vos lectures restent sur cet appareil et partiront au retour du réseau.",

  pairTitle: "Associer cet appareil",
  pairHelp: "Ouvrez sur cet appareil le lien créé par le responsable, ou collez ici son code.",
  pairCode: "Code d'association",
  pairButton: "Associer",
  pairWorking: "Association en cours…",
  pairUsed: "Ce code a déjà servi ou a expiré. Demandez-en un nouveau au responsable.",
  pairOffline: "Le serveur ne répond pas. Vérifiez le réseau de la boutique, puis réessayez.",

  signInTitle: "Qui compte\u202f?",
  signInPerson: "Votre nom",
  signInPin: "Votre code à six chiffres",
  signInButton: "Entrer",
  signInWorking: "Vérification du code…",
  signInLoading: "Chargement des noms…",
  signInNobody: "Aucune personne n'est inscrite. Le responsable les ajoute sur le poste.",
  signInWrongPin: "Ce code ne convient pas. Saisissez-le de nouveau.",
  signInLocked: "Trop d'essais. Attendez quelques minutes, ou demandez au responsable.",
  signInOffline: "Le serveur ne répond pas. Les comptages ouverts sur cet appareil sont gardés.",
  signInUnpaired: "Cet appareil n'est plus associé. Demandez un nouveau lien au responsable.",

  occasion: {
    opening: "Ouverture", closing: "Fermeture", spot: "Contrôle ponctuel", annual: "Inventaire annuel", initial: "Constat initial",
  } satisfies Record<Occasion, string>,
  tourTitle: "Ma tournée",
  tourSummary: (todo: number) => (todo === 0 ? "Plus rien à compter" : `${todo} ${plural("fr", todo, { one: "plateau à compter", other: "plateaux à compter" })}`),
  tourEmpty: "Rien à compter pour l'instant.",
  tourEmptyNext: (clock: string) => `Prochaine tournée à ${clock}.`,
  tourFailed: "La tournée n'a pas pu être chargée.",
  tourLoading: "Chargement de la tournée…",
  tourAge: (clock: string) => `Tournée prise à ${clock}. Vous pouvez compter et sceller sans réseau.`,
  tourExpired: "Votre session a pris fin",
  tourExpiredHelp: "Vous pouvez continuer. Saisissez votre code pour envoyer ce qui attend.",
  tourExpiredButton: "Saisir mon code",
  tourRefused: (n: number) => `${n} ${plural("fr", n, { one: "saisie à revoir", other: "saisies à revoir" })}`,
  tourRefusedHelp: "Le serveur les garde sans les compter. Montrez-les au responsable\u202f; rien n'est effacé.",
  tourDue: (clock: string) => `avant ${clock}`,
  tourLate: (span: string) => `en retard de ${span}`,
  tourWith: (name: string) => `avec ${name}`,
  tourSign: (n: number) => `Signer la liste (${n})`,
  tourNothingToSign: "Rien à signer pour l'instant",
  tourNotDone: "Non fait…",
  step: {
    count: "Prendre", continue: "Continuer", verify: "Vérifier", continue_verifying: "Continuer",
    wait_for_verifier: "Scellé, à vérifier", partner_counts: "En cours", partner_verifies: "En vérification",
    compare: "À comparer", explain: "Écart à expliquer", sign: "Prêt à signer", partner_signs: "Signé une fois",
    done: "Terminé", not_done: "Non fait",
  } satisfies Record<NextStep, string>,

  countingTitle: "à l'aveugle",
  stage: {
    place_tray: "Posez le plateau", reading: "Lecture en cours", turn: "Tournez le plateau", stable: "Stable",
    sealed: "Plateau scellé", paused: "En pause", reader_lost: "Lecteur muet",
  } satisfies Record<CountingStage["kind"], string>,
  stageHelp: {
    place_tray: "Au centre du tapis, seul.",
    reading: "Ne touchez à rien\u202f; le mot «\u202fStable\u202f» s'affichera.",
    turn: "Un quart de tour, puis reposez-le.",
    stable: "Plus rien de nouveau ne s'entend. Scellez, ou soulevez le plateau.",
    sealed: "Passez au plateau suivant. Une autre personne le vérifiera.",
    paused: "Le lecteur n'émet plus. Vos lectures sont gardées.",
    reader_lost: "Vérifiez sa prise et son voyant. Vos lectures sont gardées.",
  } satisfies Record<CountingStage["kind"], string>,
  countingUnknown: "Étiquette inconnue",
  countingUnknownHelp: "Laissez-la en place\u202f: elle figurera au résultat.",
  countingSeal: "Sceller le plateau",
  countingPause: "Pause",
  countingResume: "Reprendre",
  countingLabel: "Puce muette",
  countingNext: "Plateau suivant",

  verifyTitle: "Vérification",
  verifyBlind: "Le comptage de A reste masqué jusqu'à votre scellé.",
  quantityPieces: "Combien de pièces\u202f?",
  quantityHoles: "Combien de places vides\u202f?",
  quantityHelp: "Comptez à l'œil, plateau en main.",
  quantitySeal: "Valider ce nombre",
  quantityErase: "Effacer",
  quantityNone: "aucun chiffre",
  quantityKeyed: "Votre nombre",
  asksTitle: "Pièces à montrer",
  asksLeft: (n: number) => (n === 0 ? "Toutes confirmées" : `${n} ${plural("fr", n, { one: "pièce à confirmer", other: "pièces à confirmer" })}`),
  askReason: { drawn: "Tirée au sort", high_value: "Haute valeur" } satisfies Record<AskReason, string>,
  askSeen: "Vue",
  askScanned: "Scannée",
  askAbsent: "Absente",
  askHow: "Scannez l'étiquette de la pièce, ou répondez.",
  verifySeal: "Sceller ma vérification",
  verifyDone: "Vérification scellée",
  verifyDoneHelp: "Le résultat s'affiche dès que le serveur a tout reçu.",

  ...signatureFr,
  ...boardFr,
};

export type Catalogue = Sentences<typeof fr>;

const en: Catalogue = {
  product: "Baguier",
  tagline: "Every piece, morning and night.",
  back: "Back",
  retry: "Try again",
  cancel: "Cancel",

  linkOnline: "Online",
  linkSlow: "Slow network",
  linkOffline: "Offline",
  linkExpired: "PIN needed",
  linkWaiting: (n) => `${n} pending`,
  offlineKept: "Offline, reads kept",
  offlineSafe: "Nothing is lost: your reads stay on this device and leave when the network is back.",

  pairTitle: "Pair this device",
  pairHelp: "Open the manager's link on this device, or paste its code here.",
  pairCode: "Pairing code",
  pairButton: "Pair",
  pairWorking: "Pairing…",
  pairUsed: "This code was used or has expired. Ask the manager for a new one.",
  pairOffline: "The server does not answer. Check the shop's network, then try again.",

  signInTitle: "Who is counting?",
  signInPerson: "Your name",
  signInPin: "Your six-digit PIN",
  signInButton: "Enter",
  signInWorking: "Checking the PIN…",
  signInLoading: "Loading names…",
  signInNobody: "Nobody is enrolled yet. The manager adds people on the counter PC.",
  signInWrongPin: "That PIN does not match. Key it again.",
  signInLocked: "Too many tries. Wait a few minutes, or ask the manager.",
  signInOffline: "The server does not answer. Counts open on this device are kept.",
  signInUnpaired: "This device is no longer paired. Ask the manager for a new link.",

  occasion: { opening: "Opening", closing: "Closing", spot: "Spot check", annual: "Full stocktake", initial: "Initial count" },
  tourTitle: "My round",
  tourSummary: (todo) => (todo === 0 ? "Nothing left to count" : `${todo} ${plural("en", todo, { one: "tray to count", other: "trays to count" })}`),
  tourEmpty: "Nothing to count right now.",
  tourEmptyNext: (clock) => `Next round at ${clock}.`,
  tourFailed: "The round could not be loaded.",
  tourLoading: "Loading the round…",
  tourAge: (clock) => `Round taken at ${clock}. You can count and seal without a network.`,
  tourExpired: "Your session has ended",
  tourExpiredHelp: "You can go on. Key your PIN to send what is pending.",
  tourExpiredButton: "Key my PIN",
  tourRefused: (n) => `${n} ${plural("en", n, { one: "entry to review", other: "entries to review" })}`,
  tourRefusedHelp: "The server keeps them without counting them. Show them to the manager; nothing is erased.",
  tourDue: (clock) => `by ${clock}`,
  tourLate: (span) => `${span} late`,
  tourWith: (name) => `with ${name}`,
  tourSign: (n) => `Sign the list (${n})`,
  tourNothingToSign: "Nothing to sign yet",
  tourNotDone: "Not done…",
  step: {
    count: "Take", continue: "Continue", verify: "Verify", continue_verifying: "Continue",
    wait_for_verifier: "Sealed, to verify", partner_counts: "In progress", partner_verifies: "Being verified",
    compare: "To compare", explain: "Gap to explain", sign: "Ready to sign", partner_signs: "Signed once",
    done: "Finished", not_done: "Not done",
  },

  countingTitle: "blind",
  stage: {
    place_tray: "Place the tray", reading: "Reading", turn: "Turn the tray", stable: "Stable",
    sealed: "Tray sealed", paused: "Paused", reader_lost: "Reader silent",
  },
  stageHelp: {
    place_tray: "In the middle of the pad, alone.",
    reading: "Touch nothing; the word “Stable” will appear.",
    turn: "A quarter turn, then put it back.",
    stable: "Nothing new is heard. Seal, or lift the tray.",
    sealed: "Go on to the next tray. Someone else will verify this one.",
    paused: "The reader has stopped. Your reads are kept.",
    reader_lost: "Check its plug and its light. Your reads are kept.",
  },
  countingUnknown: "Unknown tag",
  countingUnknownHelp: "Leave it in place: the result will show it.",
  countingSeal: "Seal the tray",
  countingPause: "Pause",
  countingResume: "Resume",
  countingLabel: "Silent tag",
  countingNext: "Next tray",

  verifyTitle: "Verification",
  verifyBlind: "A's count stays hidden until you seal yours.",
  quantityPieces: "How many pieces?",
  quantityHoles: "How many empty slots?",
  quantityHelp: "Count by eye, with the tray in hand.",
  quantitySeal: "Confirm this number",
  quantityErase: "Erase",
  quantityNone: "no digit",
  quantityKeyed: "Your number",
  asksTitle: "Pieces to show",
  asksLeft: (n) => (n === 0 ? "All confirmed" : `${n} ${plural("en", n, { one: "piece to confirm", other: "pieces to confirm" })}`),
  askReason: { drawn: "Drawn", high_value: "High value" },
  askSeen: "Seen",
  askScanned: "Scanned",
  askAbsent: "Absent",
  askHow: "Scan the piece's label, or answer.",
  verifySeal: "Seal my verification",
  verifyDone: "Verification sealed",
  verifyDoneHelp: "The result appears once the server has received everything.",

  ...signatureEn,
  ...boardEn,
};

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { fr, en };

/** The sentences of this page's language. Set once, before anything is drawn. */
export let text: Catalogue = fr;
export let language: Language = "fr";
/** The shop's IANA zone; a handheld carried abroad still shows shop time. */
let zone = "Europe/Paris";

/** Choose the language and zone of this page; screens that are already drawn keep theirs. */
export function setLocale(choice: { readonly language: Language; readonly zone: string }): void {
  language = choice.language;
  text = CATALOGUES[choice.language];
  zone = choice.zone;
}

export const clock = (atMs: number): string => formatClock(language, atMs, zone);
export const day = (shopDay: string): string => formatDay(language, shopDay);
export const span = (spanMs: number): string => formatSpan(language, spanMs);
export const money = (amountMinor: number, currency: string): string => formatMoney(language, amountMinor, currency);
