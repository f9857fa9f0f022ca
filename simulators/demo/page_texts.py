"""Page texts: what *La boutique simulée* says, in French and English. `{…}` is filled in on the page or by an act."""

from typing import Final

FRENCH: Final = {
    "title": "La boutique simulée",
    "lead": "Ce que les pièces font vraiment, quoi que disent les livres. Les lecteurs l’entendent aussitôt.",
    "clock": "Heure de la boutique",
    "to_closing": "Fermeture · 17:30",
    "to_morning": "Lendemain · 08:35",
    "devices": "Les appareils et les codes",
    "devices_lead": "Ouvrez chaque lien une fois ; chacun est un appareil à part, même dans un seul navigateur.",
    "pin": "code {pin}",
    "device_claire": "Terminal de Claire",
    "device_marc": "Terminal de Marc",
    "device_bureau": "Le bureau",
    "tray_count": "{n} pièces",
    "tray_count_one": "1 pièce",
    "tray_empty": "Plateau vide",
    "gone": "Hors de la boutique",
    "gone_lead": "Volées ou emportées : aucun lecteur ne les entend.",
    "gone_none": "Rien ne manque.",
    "legend_dead": "puce morte",
    "legend_moved": "pas à sa place",
    "hint": "Touchez une pièce.",
    "hint_drag": "Ou faites-la glisser vers un autre plateau.",
    "home": "Sa place",
    "lies": "Elle se trouve",
    "lies_gone": "hors de la boutique",
    "label": "Étiquette",
    "scan": "Scanner l’étiquette",
    "scan_why": "Le code part par la douchette, et dans le presse-papiers.",
    "steal": "Voler",
    "put_back": "Remettre à sa place",
    "move_to": "Poser dans",
    "move": "Poser",
    "kill": "Tuer la puce",
    "close": "Fermer",
    "did_scan": "{ref} : l’étiquette est scannée.",
    "did_steal": "{ref} n’est plus dans la boutique.",
    "did_lay": "{ref} est posée dans {path}.",
    "did_kill": "La puce de {ref} ne répondra plus.",
    "did_clock": "Il est {time} dans la boutique.",
    "lost": "La démonstration ne répond plus. Relancez-la, puis rechargez cette page.",
    "late": "Il est déjà {time}. Passez au lendemain matin.",
    "unknown_piece": "Cette pièce n’est pas dans la boutique. Rechargez la page.",
    "unknown_tray": "Ce plateau n’existe pas. Rechargez la page.",
    "unknown_act": "Ce geste n’existe pas. Rechargez la page.",
}
ENGLISH: Final = {
    "title": "La boutique simulée",
    "lead": "What the pieces really do, whatever the books say. The readers hear it at once.",
    "clock": "Time in the shop",
    "to_closing": "Closing · 17:30",
    "to_morning": "Next day · 08:35",
    "devices": "The devices and the PINs",
    "devices_lead": "Open each link once; each is a device of its own, even in one browser.",
    "pin": "PIN {pin}",
    "device_claire": "Claire's handheld",
    "device_marc": "Marc's handheld",
    "device_bureau": "The desk",
    "tray_count": "{n} pieces",
    "tray_count_one": "1 piece",
    "tray_empty": "Empty tray",
    "gone": "Out of the shop",
    "gone_lead": "Stolen or carried off: no reader hears them.",
    "gone_none": "Nothing is gone.",
    "legend_dead": "dead tag",
    "legend_moved": "not in its place",
    "hint": "Touch a piece.",
    "hint_drag": "Or drag it to another tray.",
    "home": "Its place",
    "lies": "It lies",
    "lies_gone": "out of the shop",
    "label": "Label",
    "scan": "Scan the label",
    "scan_why": "The code goes out by the scanner, and to the clipboard.",
    "steal": "Steal",
    "put_back": "Put back in its place",
    "move_to": "Lay in",
    "move": "Lay",
    "kill": "Kill the tag",
    "close": "Close",
    "did_scan": "{ref}: the label is scanned.",
    "did_steal": "{ref} is no longer in the shop.",
    "did_lay": "{ref} lies in {path}.",
    "did_kill": "The tag of {ref} will not answer any more.",
    "did_clock": "It is {time} in the shop.",
    "lost": "The demonstration does not answer. Start it again, then reload this page.",
    "late": "It is {time} already. Go to the next morning.",
    "unknown_piece": "This piece is not in the shop. Reload the page.",
    "unknown_tray": "There is no such tray. Reload the page.",
    "unknown_act": "There is no such act. Reload the page.",
}


def language_of(accept_language: str) -> str:
    """`fr` or `en`, whichever a browser prefers by its Accept-Language header; French when it names neither.

    >>> language_of("en-GB,en;q=0.9,fr;q=0.8"), language_of("de,fr;q=0.5,en;q=0.4"), language_of("")
    ('en', 'fr', 'fr')
    """
    wanted: list[tuple[float, int, str]] = []
    for order, part in enumerate(accept_language[:500].split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            share = float(weight or 1)
        except ValueError:
            share = 0.0
        wanted.append((-share, order, tag.strip()[:2].lower()))
    return next((tag for share, _, tag in sorted(wanted) if tag in {"fr", "en"} and share < 0), "fr")


def texts_in(language: str) -> dict[str, str]:
    """Every text of the page in `fr` or `en`."""
    return ENGLISH if language == "en" else FRENCH
