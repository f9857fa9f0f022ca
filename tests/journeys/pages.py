"""Page objects: what a person does on a handheld or at the desk, in the French of the screens. Nothing here waits by the clock."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from server.api.static_app import STATIC

BROWSERS: Final = ("chromium-headless-shell", "chromium")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SIZES: Final = {"handheld": (360, 640), "desk": (1280, 800)}
TYPE_AT_ONCE: Final = """(keys) => {
  for (const key of keys) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""
"""A scanner's keys come within milliseconds; sent to the browser one by one from here, a busy computer makes a slow person of it."""
WAIT_MS: Final = 20_000
"""Longest wait for a screen: a start of the server and two cores under load lie in it, no pause of a test."""
PICTURES = os.environ.get("BAGUIER_PICTURES")
"""A folder for screenshots, to be looked at. Without it none are kept."""


def browser_path() -> str:
    """The machine's browser. Without one the journeys are skipped, loudly; BAGUIER_REQUIRE=browser makes that a failure."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and "browser" in os.environ.get("BAGUIER_REQUIRE", ""):
        pytest.fail(f"None of {', '.join(BROWSERS)} is installed, but BAGUIER_REQUIRE asks for a browser.")
    if found is None:
        pytest.skip(f"NO BROWSER: install one of {', '.join(BROWSERS)} to run the browser journeys.")
    return found


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """A browser for the length of a module. Skips when there is none, or when the app is not built."""
    path = browser_path()
    if not (STATIC / "index.html").is_file():
        pytest.skip("The web app is not built: run `make ui`.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


def new_context(browser: Browser, *, size: str = "handheld", locale: str = "fr-FR") -> BrowserContext:
    """A browser profile of its own, as one device has it."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
    context.set_default_timeout(WAIT_MS)
    return context


@dataclass(slots=True)
class App:
    """The app on one device. `problems`: errors of the page's own code."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def open(self, link: str) -> None:
        """Open a pairing link, or the app's address when the device is paired."""
        self.page.goto(link)

    def sign_in(self, name: str, pin: str) -> None:
        """Choose a name, key the PIN, and wait until the PIN's screen is gone."""
        self.page.get_by_text(name, exact=True).click()
        self.page.locator("input[type=password]").fill(pin)
        enter = self.button("Entrer")
        enter.click()
        enter.wait_for(state="detached")

    def button(self, name: str) -> Locator:
        """A button by its visible word."""
        return self.page.get_by_role("button", name=name)

    def says(self, words: str) -> None:
        """Wait until a text stands on the screen."""
        self.page.get_by_text(words).first.wait_for()

    def scan(self, code: str) -> None:
        """As a scanner that types: fast, and with Enter at the end."""
        self.page.evaluate(TYPE_AT_ONCE, [*code, "Enter"])

    def picture(self, name: str) -> None:
        """Keep a screenshot when somebody asked for pictures."""
        if PICTURES is not None:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


class Tour(App):
    """*Ma tournée*."""

    def row(self, path: str) -> Locator:
        """The row of a place: `Vitrine 1/Plateau 2`."""
        group, _, leaf = path.rpartition("/")
        rows = self.page.get_by_role("region", name=group or leaf, exact=True).get_by_role("listitem")
        return rows.filter(has=self.page.get_by_text(leaf, exact=True))

    def do(self, word: str, path: str) -> None:
        """Press the button of a row: Prendre, Continuer, Vérifier, Comparer."""
        self.row(path).get_by_role("button", name=word).click()

    def waits_for(self, path: str, word: str) -> None:
        """Wait until the row says `word`."""
        expect(self.row(path)).to_contain_text(word, timeout=WAIT_MS)


class Counting(App):
    """*Comptage*: one blind round, A's or B's, and A's search after it."""

    def waits_for_stable(self) -> None:
        """Wait for the blind stop."""
        self.page.get_by_text("Stable", exact=True).wait_for()

    def scan_noted(self, code: str) -> None:
        """Scan a label and wait until it is on the device's disk."""
        self.scan(code)
        self.says("Étiquette notée")

    def seal(self) -> None:
        """Seal the round: one tap, written on the device and sent at once."""
        self.button("Sceller le plateau").click()

    def waits_for_sealed(self) -> None:
        """Wait until the server holds the sealed set and nothing is left to search."""
        self.page.get_by_text(re.compile("Plateau scellé|Recherche terminée")).first.wait_for()

    def silent(self) -> list[str]:
        """References of the search's list, in its order."""
        self.button("Terminer la recherche").wait_for()
        return self.page.locator("li strong").all_inner_texts()

    def end_search(self) -> None:
        """End the search before its minute is over."""
        self.button("Terminer la recherche").click()


class Verification(App):
    """*Vérification*: quantity, asked pieces, seal."""

    def key_quantity(self, pieces: int) -> None:
        """Key the number of pieces in the tray and confirm it."""
        self.button("Valider ce nombre").wait_for()
        for digit in str(pieces):
            self.page.get_by_role("button", name=digit, exact=True).click()
        self.button("Valider ce nombre").click()

    def asked(self) -> list[str]:
        """References that still want an answer; waits until the list or the seal is there."""
        self.button("Sceller ma vérification").wait_for()
        return self.still_asked()

    def still_asked(self) -> list[str]:
        """References on the screen that want an answer."""
        rows = self.page.get_by_role("listitem").filter(has=self.page.get_by_role("button", name="Absente"))
        return rows.locator("strong").all_inner_texts()

    def show(self, label: str, *, reference: str) -> None:
        """Scan the label of an asked piece and wait for its tick."""
        self.scan(label)
        row = self.page.get_by_role("listitem").filter(has_text=reference)
        expect(row).to_contain_text("Présente", timeout=WAIT_MS)

    def seal(self) -> None:
        """Seal the verification and wait for its end."""
        self.button("Sceller ma vérification").click()
        self.says("Vérification scellée")
