/**
 * Text: every sentence the app shows, in French and English. English must have exactly the French keys (the types say so).
 *
 * Sentences speak to a person with a tray in one hand: short, factual, no blame, and they name the next step.
 */

import type { CountingStage, ScanWord } from "./core/counting.ts";
import type { NextStep, Occasion } from "./core/tour.ts";
import type { AskReason, Word } from "./core/sheet.ts";
import { formatClock, formatDay, formatMoment, formatMoney, formatSpan, type Language, plural } from "./core/format.ts";
import { boardEn, boardFr } from "./texts/board.ts";
import { refusalEn, refusalFr } from "./texts/refusal.ts";
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
  tourAge: (clock: string) => `Tournée prise à ${clock}. Sans réseau, vous pouvez finir et sceller les plateaux déjà pris.`,
  tourExpired: "Votre session a pris fin",
  tourExpiredHelp: "Vous pouvez continuer. Saisissez votre code pour envoyer ce qui attend.",
  tourExpiredButton: "Saisir mon code",
  tourRefused: (n: number) => `${n} ${plural("fr", n, { one: "saisie à revoir", other: "saisies à revoir" })}`,
  tourRefusedHelp: "Le serveur les garde sans les compter. Montrez-les au responsable\u202f; rien n'est effacé.",
  tourRefusedShow: "Voir ces saisies",
  tourRefusedSeal: "Scellé",
  tourRefusedLabel: "Étiquette",
  tourDue: (clock: string) => `avant ${clock}`,
  tourLate: (span: string) => `en retard de ${span}`,
  tourWith: (name: string) => `avec ${name}`,
  tourSign: (n: number) => `Signer la liste (${n})`,
  tourSigned: "Voir la liste signée",
  tourNothingToSign: "Rien à signer pour l'instant",
  tourBoard: "Tableau des écarts",
  step: {
    count: "Prendre", continue: "Continuer", verify: "Vérifier", continue_verifying: "Continuer",
    wait_for_verifier: "Scellé, à vérifier", partner_counts: "En cours", partner_verifies: "En vérification",
    confirm: "Confirmer", compare: "À comparer", explain: "Avec exception", sign: "Prêt à signer", partner_signs: "Signé une fois",
    done: "Terminé", not_done: "Non fait",
  } satisfies Record<NextStep, string>,

  countingTitle: "à l'aveugle",
  stage: {
    place_tray: "Posez le plateau", reading: "Lecture en cours", turn: "Tournez le plateau", stable: "Stable",
    by_hand: "À la main", sealing: "Scellage…", sealed: "Plateau scellé", paused: "En pause", reader_lost: "Lecteur muet",
  } satisfies Record<CountingStage["kind"], string>,
  stageHelp: {
    place_tray: "Au centre du tapis, seul.",
    reading: "Ne touchez à rien\u202f; le mot «\u202fStable\u202f» s'affichera.",
    turn: "Un quart de tour, puis reposez-le.",
    stable: "Plus rien de nouveau ne s'entend. Scellez le plateau.",
    by_hand: "Aucun lecteur ici. Scannez l'étiquette de chaque pièce, puis scellez.",
    sealing: "Le scellé est écrit\u202f; le lecteur finit son envoi. Vous pouvez prendre le plateau suivant.",
    sealed: "Passez au plateau suivant. Une autre personne le vérifiera.",
    paused: "Le lecteur n'émet plus. Vos lectures sont gardées.",
    reader_lost: "Vérifiez sa prise et son voyant. Scellé sans lui, le plateau sera recompté à l'aveugle.",
  } satisfies Record<CountingStage["kind"], string>,
  countingUnknown: "Étiquette inconnue",
  countingUnknownHelp: "Laissez-la en place\u202f: elle figurera au résultat.",
  countingSeal: "Sceller le plateau",
  countingSealGap: "Sceller sans ce lecteur",
  countingGap: "Lecteur muet au moment du scellé",
  countingPause: "Pause",
  countingResume: "Reprendre",
  countingNext: "Plateau suivant",
  countingOpening: "Ouverture du comptage…",
  countingFailed: "Ce plateau n'a pas pu être ouvert.",
  countingSealRefused: "Le serveur n'a pas pris ce scellé.",
  countingExpiredHelp: "Vos lectures sont gardées. Revenez à la tournée pour saisir votre code.",
  countingReader: "Un lecteur n'est pas à vous.",
  countingLabelRefused: "Une étiquette ne compte pas.",
  toTour: "Revenir à la tournée",
  scanWord: {
    noted: "Étiquette notée", again: "Déjà notée",
    not_stored: "Pas notée\u202f: cet appareil ne peut plus rien enregistrer. Libérez de la place, puis scannez de nouveau.",
  } satisfies Record<ScanWord, string>,
  codesOpen: "Saisir un code",
  codesLabel: "Codes des étiquettes, un par ligne",
  codesAdd: "Ajouter",
  codesScanner: "Champ de la douchette",

  searchTitle: "Recherche",
  searchHow: "Soulevez le plateau loin de ses voisins. Scannez l'étiquette de chaque pièce trouvée.",
  searchLeft: (seconds: number) => `${seconds}\u202fs`,
  searchLeftLabel: "Temps restant",
  searchPieces: (n: number) => `${n} ${plural("fr", n, { one: "pièce silencieuse", other: "pièces silencieuses" })}`,
  searchSilent: "Silencieuse",
  searchFound: "Trouvée",
  searchEnd: "Terminer la recherche",
  searchDone: "Recherche terminée",
  searchAllFoundHelp: "Tout est retrouvé. Passez au plateau suivant\u202f; une autre personne vérifiera celui-ci.",
  searchDoneHelp: "Ce qui manque encore sera compté à l'aveugle par une autre personne.",

  verifyTitle: "Vérification",
  verifyBlind: "Le premier comptage reste masqué jusqu'à votre scellé.",
  quantityPieces: "Combien de pièces\u202f?",
  quantityHelp: "Comptez à l'œil, plateau en main.",
  quantitySeal: "Valider ce nombre",
  quantityErase: "Effacer",
  quantityNone: "aucun chiffre",
  quantityKeyed: "Votre nombre",
  asksTitle: "Pièces à montrer",
  asksLeft: (n: number) => (n === 0 ? "Toutes confirmées" : `${n} ${plural("fr", n, { one: "pièce à confirmer", other: "pièces à confirmer" })}`),
  askReason: { due: "À revoir aujourd'hui", draw: "Tirée au sort", silent: "Puce muette", search: "Trouvée à la main" } satisfies Record<AskReason, string>,
  word: { present: "Présente", absent: "Absente" } satisfies Record<Word, string>,
  askHow: "Prenez la pièce et scannez son étiquette. Si elle n'y est pas, dites-le.",
  askAbsent: "Absente",
  verifyClaiming: "Prise de la vérification…",
  verifyWaiting: "Un instant",
  verifyFailed: "Cette vérification ne peut pas commencer.",
  labelsTitle: "Scannez toutes les étiquettes",
  labelsHow: "Votre nombre et les puces entendues diffèrent. Scannez l'étiquette de chaque pièce du plateau.",
  labelsScanned: (n: number) => `${n} ${plural("fr", n, { one: "étiquette scannée", other: "étiquettes scannées" })}`,
  labelsDone: "J'ai tout scanné",
  verifyReady: "Tout est confirmé. Scellez votre vérification.",
  verifySeal: "Sceller ma vérification",
  verifyDone: "Vérification scellée",
  verifyDoneHelp: "Ce plateau est prêt pour la liste à signer.",
  verifyExplainHelp: "Ce plateau portera une exception sur la liste à signer. Passez au plateau suivant.",
  recountTitle: "À confirmer",
  recountHow: "Les deux comptages diffèrent sur ces pièces. Scannez l'étiquette de chacune, ou dites qu'elle est absente.",
  recountDone: "Plus rien à confirmer",
  recountDoneHelp: "Vos réponses sont données. Passez au plateau suivant.",
  recountLoading: "Chargement des lignes…",

  ...refusalFr,
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
  signInOffline: "The server does not answer. Counts open on this device are kept.",
  signInUnpaired: "This device is no longer paired. Ask the manager for a new link.",

  occasion: { opening: "Opening", closing: "Closing", spot: "Spot check", annual: "Full stocktake", initial: "Initial count" },
  tourTitle: "My round",
  tourSummary: (todo) => (todo === 0 ? "Nothing left to count" : `${todo} ${plural("en", todo, { one: "tray to count", other: "trays to count" })}`),
  tourEmpty: "Nothing to count right now.",
  tourEmptyNext: (clock) => `Next round at ${clock}.`,
  tourFailed: "The round could not be loaded.",
  tourLoading: "Loading the round…",
  tourAge: (clock) => `Round taken at ${clock}. Without a network you can finish and seal the trays you have taken.`,
  tourExpired: "Your session has ended",
  tourExpiredHelp: "You can go on. Key your PIN to send what is pending.",
  tourExpiredButton: "Key my PIN",
  tourRefused: (n) => `${n} ${plural("en", n, { one: "entry to review", other: "entries to review" })}`,
  tourRefusedHelp: "The server keeps them without counting them. Show them to the manager; nothing is erased.",
  tourRefusedShow: "See these entries",
  tourRefusedSeal: "Seal",
  tourRefusedLabel: "Label",
  tourDue: (clock) => `by ${clock}`,
  tourLate: (span) => `${span} late`,
  tourWith: (name) => `with ${name}`,
  tourSign: (n) => `Sign the list (${n})`,
  tourSigned: "See the signed list",
  tourNothingToSign: "Nothing to sign yet",
  tourBoard: "Discrepancies",
  step: {
    count: "Take", continue: "Continue", verify: "Verify", continue_verifying: "Continue",
    wait_for_verifier: "Sealed, to verify", partner_counts: "In progress", partner_verifies: "Being verified",
    confirm: "Confirm", compare: "To compare", explain: "With exception", sign: "Ready to sign", partner_signs: "Signed once",
    done: "Finished", not_done: "Not done",
  },

  countingTitle: "blind",
  stage: {
    place_tray: "Place the tray", reading: "Reading", turn: "Turn the tray", stable: "Stable",
    by_hand: "By hand", sealing: "Sealing…", sealed: "Tray sealed", paused: "Paused", reader_lost: "Reader silent",
  },
  stageHelp: {
    place_tray: "In the middle of the pad, alone.",
    reading: "Touch nothing; the word “Stable” will appear.",
    turn: "A quarter turn, then put it back.",
    stable: "Nothing new is heard. Seal the tray.",
    by_hand: "No reader here. Scan the label of every piece, then seal.",
    sealing: "The seal is written; the reader sends its last reads. You can take the next tray.",
    sealed: "Go on to the next tray. Someone else will verify this one.",
    paused: "The reader has stopped. Your reads are kept.",
    reader_lost: "Check its plug and its light. Sealed without it, the tray will be counted again blind.",
  },
  countingUnknown: "Unknown tag",
  countingUnknownHelp: "Leave it in place: the result will show it.",
  countingSeal: "Seal the tray",
  countingSealGap: "Seal without this reader",
  countingGap: "Reader silent when sealing",
  countingPause: "Pause",
  countingResume: "Resume",
  countingNext: "Next tray",
  countingOpening: "Opening the count…",
  countingFailed: "This tray could not be opened.",
  countingSealRefused: "The server did not take this seal.",
  countingExpiredHelp: "Your reads are kept. Go back to the round to key your PIN.",
  countingReader: "A reader is not yours.",
  countingLabelRefused: "A label does not count.",
  toTour: "Back to the round",
  scanWord: {
    noted: "Label noted", again: "Noted before",
    not_stored: "Not noted: this device can store nothing more. Free some space, then scan again.",
  },
  codesOpen: "Type a code",
  codesLabel: "Codes of the labels, one a line",
  codesAdd: "Add",
  codesScanner: "The scanner's field",

  searchTitle: "Search",
  searchHow: "Lift the tray away from its neighbours. Scan the label of every piece you find.",
  searchLeft: (seconds) => `${seconds} s`,
  searchLeftLabel: "Time left",
  searchPieces: (n) => `${n} ${plural("en", n, { one: "silent piece", other: "silent pieces" })}`,
  searchSilent: "Silent",
  searchFound: "Found",
  searchEnd: "End the search",
  searchDone: "Search ended",
  searchAllFoundHelp: "Everything was found. Go on to the next tray; someone else will verify this one.",
  searchDoneHelp: "What is still missing will be counted blind by someone else.",

  verifyTitle: "Verification",
  verifyBlind: "The first count stays hidden until you seal yours.",
  quantityPieces: "How many pieces?",
  quantityHelp: "Count by eye, with the tray in hand.",
  quantitySeal: "Confirm this number",
  quantityErase: "Erase",
  quantityNone: "no digit",
  quantityKeyed: "Your number",
  asksTitle: "Pieces to show",
  asksLeft: (n) => (n === 0 ? "All confirmed" : `${n} ${plural("en", n, { one: "piece to confirm", other: "pieces to confirm" })}`),
  askReason: { due: "Due today", draw: "Drawn", silent: "Silent tag", search: "Found by hand" },
  word: { present: "Present", absent: "Absent" },
  askHow: "Take the piece and scan its label. If it is not there, say so.",
  askAbsent: "Absent",
  verifyClaiming: "Taking the verification…",
  verifyWaiting: "One moment",
  verifyFailed: "This verification cannot begin.",
  labelsTitle: "Scan every label",
  labelsHow: "Your number and the tags heard differ. Scan the label of every piece in the tray.",
  labelsScanned: (n) => `${n} ${plural("en", n, { one: "label scanned", other: "labels scanned" })}`,
  labelsDone: "I have scanned them all",
  verifyReady: "Everything is confirmed. Seal your verification.",
  verifySeal: "Seal my verification",
  verifyDone: "Verification sealed",
  verifyDoneHelp: "This tray is ready for the list to sign.",
  verifyExplainHelp: "This tray will carry an exception on the list to sign. Go on to the next tray.",
  recountTitle: "To confirm",
  recountHow: "The two counts differ on these pieces. Scan the label of each, or say that it is absent.",
  recountDone: "Nothing left to confirm",
  recountDoneHelp: "Your answers are given. Go on to the next tray.",
  recountLoading: "Loading the lines…",

  ...refusalEn,
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
/** A moment's clock, with its day when that is not the day of `besideMs`. */
export const moment = (atMs: number, besideMs: number): string => formatMoment(language, atMs, { atMs: besideMs, zone });
export const day = (shopDay: string): string => formatDay(language, shopDay);
export const span = (spanMs: number): string => formatSpan(language, spanMs);
export const money = (amountMinor: number, currency: string): string => formatMoney(language, amountMinor, currency);
