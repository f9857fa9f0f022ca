"""The words of a record in French and English: occasions, dates, how a place was verified, discrepancies and decisions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

LANGUAGES: Final = ("fr", "en")

_TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "opening": ("Procès-verbal de comptage — ouverture", "Count record — opening"),
    "closing": ("Procès-verbal de comptage — fermeture", "Count record — closing"),
    "spot": ("Procès-verbal de comptage — contrôle ponctuel", "Count record — spot check"),
    "annual": ("Procès-verbal d'inventaire annuel", "Count record — full stocktake"),
    "corrective": ("Procès-verbal de comptage — comptage correctif", "Count record — corrective count"),
    "initial": ("Constat initial", "Initial count record"),
}
_MODES: Final[Mapping[str, tuple[str, str]]] = {
    "challenge": ("quantité, tirage", "quantity, draw"),
    "blind": ("seconde lecture à l'aveugle", "second blind reading"),
    "solo": ("aucune", "none"),
}
_DISCREPANCIES: Final[Mapping[str, tuple[str, str]]] = {
    "MISSING": ("manquante", "missing"),
    "MISSING_OVERNIGHT": ("manquante depuis la nuit", "missing overnight"),
    "MISPLACED": ("à un autre emplacement", "in another place"),
    "UNEXPECTED": ("non attendue ici", "not expected here"),
    "UNKNOWN_TAG": ("étiquette inconnue", "unknown tag"),
    "DUPLICATE_EPC": ("étiquette en double", "duplicate tag"),
    "TAG_MISMATCH": ("puce autre que celle liée", "other chip than the one bound"),
    "TAG_ONLY": ("étiquette sans sa pièce", "tag without its piece"),
    "SOLD_PRESENT": ("vendue et présente", "sold and present"),
    "SHOULD_BE_OUT": ("devrait être sortie", "should be out"),
    "QUANTITY_GAP": ("quantité différente", "quantity differs"),
    "UNTAGGED": ("sans étiquette", "without a tag"),
    "UNVERIFIED": ("non vérifiée", "not verified"),
    "ROUND_CONFLICT": ("les deux lectures diffèrent", "the two readings differ"),
    "AMBIGUOUS_LOCATION": ("emplacement incertain", "place not settled"),
    "LATE_MOVE": ("mouvement saisi après coup", "move recorded late"),
}
_OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "found_here": ("retrouvée ici", "found here"),
    "found_elsewhere": ("retrouvée ailleurs", "found elsewhere"),
    "sold_not_posted": ("vendue, vente non saisie", "sold, sale not posted"),
    "out_not_logged": ("sortie, sortie non saisie", "out, not written down"),
    "tag_fault": ("étiquette en panne, remplacée", "tag at fault, replaced"),
    "wrong_piece": ("une autre pièce porte l'étiquette", "another piece wears the tag"),
    "data_error": ("erreur de saisie", "error in the books"),
    "returned_to_owner": ("rendue à son propriétaire", "returned to its owner"),
    "under_investigation": ("en enquête à la signature", "under investigation when signed"),
    "declared_lost": ("déclarée perdue", "declared lost"),
    "declared_stolen": ("déclarée volée", "declared stolen"),
}
_UNCOUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "missed": ("non commencé", "not begun"),
    "abandoned": ("commencé, non terminé", "begun, not finished"),
    "voided": ("annulé", "set aside"),
}
_DAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_DAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
)


def title(occasion: str, language: str) -> str:
    """What a record of this occasion is called."""
    return _word(_TITLES, occasion, language)


def mode_word(mode: str, language: str) -> str:
    """How the second person verified."""
    return _word(_MODES, mode, language)


def discrepancy_word(code: str, language: str) -> str:
    """A class of domain.md (e), for a reader who does not know its code."""
    return _word(_DISCREPANCIES, code, language)


def outcome_word(code: str, language: str) -> str:
    """What people decided of a case."""
    return _word(_OUTCOMES, code, language)


def uncounted_word(state: str, language: str) -> str:
    """Why a place of the tour bears no result; empty: nobody said."""
    return _word(_UNCOUNTED, state, language) if state in _UNCOUNTED else ""


def day_words(day: date, language: str) -> str:
    """A day as it is read aloud: `lundi 2 mars 2026`, `Monday 2 March 2026`."""
    if language == "fr":
        number = "1er" if day.day == 1 else str(day.day)
        return f"{_DAYS[day.weekday()]} {number} {_MONTHS[day.month - 1][0]} {day.year}"
    return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS[day.month - 1][1]} {day.year}"


def clock_words(moment: datetime, language: str) -> str:
    """A time of the shop's day: `18 h 31`, `18:31`. `moment` is in the shop's zone."""
    return f"{moment.hour} h {moment.minute:02d}" if language == "fr" else f"{moment.hour:02d}:{moment.minute:02d}"


def span_words(day: date, first: datetime, last: datetime, *, language: str) -> str:
    """Shop day and the time from the first opening to the last closing, both in the shop's zone."""
    named, times = day_words(day, language), (clock_words(first, language), clock_words(last, language))
    if language == "fr":
        return f"{named.capitalize()}, de {times[0]} à {times[1]}"
    return f"{named}, {times[0]} to {times[1]}"


def _word(words: Mapping[str, tuple[str, str]], code: str, language: str) -> str:
    """The word of a code; one that this table does not know is shown as it is."""
    return words[code][LANGUAGES.index(language)] if code in words else code
