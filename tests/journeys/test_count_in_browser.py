"""Counting in the browser against real processes: what A may see, what survives a dead line and a reload, and how B gets through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.pad_shop import PEOPLE, PadPiece, PadShop, pad_shop
from tests.journeys.pages import WAIT_MS, App, Counting, Tour, Verification, launched_browser, new_context

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TRAY = "Vitrine 1/Plateau 1"
CLAIRE, MARC = "Claire Aubert", "Marc Delaunay"
STRANGER = "BAG-999999.K3Q7Z"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched_browser() as browser:
        yield browser


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PadShop]:
    with pad_shop(tmp_path, trays=2) as started:
        yield started


@pytest.fixture
def handhelds(browser: Browser) -> Iterator[tuple[BrowserContext, BrowserContext]]:
    """Two devices; whatever happens, neither is left open."""
    two = new_context(browser), new_context(browser)
    yield two
    for context in two:
        context.close()


def enter(context: BrowserContext, shop: PadShop, *, device: str, name: str) -> Page:
    """Pair a device and sign in on it."""
    page = context.new_page()
    app = App(page)
    app.open(shop.link(device))
    page.get_by_text(name, exact=True).wait_for()
    app.sign_in(name, PEOPLE[name][0])
    return page


def digits_shown(page: Page) -> list[str]:
    """Digits on the screen beside the place's own name."""
    shown = page.locator("main").inner_text()
    own = page.locator("h1").inner_text()
    return re.findall(r"\d", shown.replace(own, "", 1))


def count(page: Page, shop: PadShop, on_the_pad: list[PadPiece]) -> Counting:
    """Lay the tray on the pad and read it to the blind stop."""
    shop.lay_on_pad(on_the_pad)
    Tour(page).do("Prendre", TRAY)
    counting = Counting(page)
    counting.waits_for_stable()
    return counting


def test_a_sees_no_digit_and_finds_by_hand_what_b_then_has_to_hold(
    shop: PadShop, handhelds: tuple[BrowserContext, BrowserContext]
) -> None:
    mute, *heard = shop.on_tray(TRAY)
    claire = enter(handhelds[0], shop, device="claire", name=CLAIRE)
    marc = enter(handhelds[1], shop, device="marc", name=MARC)
    counting = count(claire, shop, heard)
    assert digits_shown(claire) == []
    counting.scan_noted(STRANGER)
    assert digits_shown(claire) == []
    counting.seal()

    assert counting.silent() == [mute.ref]
    # The last piece ends the search by itself: "noted" may be gone before anybody could read it.
    counting.scan(mute.label)
    counting.waits_for_sealed()
    claire.get_by_role("button", name="Retour", exact=True).click()
    Tour(claire).waits_for(TRAY, "Scellé, à vérifier")
    Tour(claire).says("1 saisie à revoir")

    Tour(marc).do("Vérifier", TRAY)
    verification = Verification(marc)
    verification.key_quantity(len(heard) + 1)
    assert mute.ref in verification.asked()
    labels = {piece.ref: piece.label for piece in shop.on_tray(TRAY)}
    for reference in verification.asked():
        verification.show(labels[reference], reference=reference)
    verification.seal()
    marc.get_by_role("button", name="Retour", exact=True).click()
    Tour(marc).waits_for(TRAY, "Prêt à signer")


def test_scans_and_a_seal_survive_dead_lines_and_reloads_in_the_middle_of_a_tray(
    shop: PadShop, handhelds: tuple[BrowserContext, BrowserContext]
) -> None:
    device = handhelds[0]
    page = enter(device, shop, device="claire", name=CLAIRE)
    page.wait_for_function("navigator.serviceWorker.controller !== null || navigator.serviceWorker.ready")
    *mute, one, other = shop.on_tray(TRAY)
    counting = count(page, shop, [one, other])
    counting.scan_noted(mute[0].label)
    device.set_offline(True)
    counting.scan_noted(mute[1].label)
    come_back(page, device)
    Tour(page).do("Continuer", TRAY)
    counting.waits_for_stable()
    device.set_offline(True)
    counting.scan_noted(mute[2].label)
    counting.seal()
    counting.says("Scellage…")
    come_back(page, device)

    Tour(page).waits_for(TRAY, "Scellé, à vérifier")
    expect(page.get_by_text("en attente")).to_have_count(0, timeout=WAIT_MS)
    expect(page.get_by_text("à revoir")).to_have_count(0)
    # With one scan lost the verifier's number would differ from the tray's and want a blind count.
    marc = enter(handhelds[1], shop, device="marc", name=MARC)
    Tour(marc).do("Vérifier", TRAY)
    verification = Verification(marc)
    verification.key_quantity(len(mute) + 2)
    assert {piece.ref for piece in mute} <= set(verification.asked())


def come_back(page: Page, device: BrowserContext) -> None:
    """Reload the app on a dead line, and sign in when the line is back."""
    page.reload()
    App(page).says("Le serveur ne répond pas")
    device.set_offline(False)
    App(page).button("Réessayer").click()
    page.get_by_text(CLAIRE, exact=True).wait_for()
    App(page).sign_in(CLAIRE, PEOPLE[CLAIRE][0])


def test_who_goes_on_while_a_seal_is_on_its_way_is_called_back_and_who_finds_nobody_finishes_alone(
    shop: PadShop, handhelds: tuple[BrowserContext, BrowserContext], tmp_path: Path
) -> None:
    device = handhelds[0]
    claire = enter(device, shop, device="claire", name=CLAIRE)
    first, second = shop.trays
    mute, *heard = shop.on_tray(first)
    counting = count(claire, shop, heard)
    device.set_offline(True)
    counting.seal()
    counting.button("Plateau suivant").click()
    counting.says("Ce plateau n'a pas pu être ouvert.")
    device.set_offline(False)
    counting.says("au moins une pièce est restée silencieuse")

    # A search listens too, so the tray that was left is still the one on the pad, as the app asks.
    counting.button("Chercher").click()
    assert counting.silent() == [mute.ref]
    counting.scan(mute.label)
    counting.waits_for_sealed()
    shop.lay_on_pad(shop.on_tray(second))
    counting.button("Plateau suivant").click()
    counting.waits_for_stable()
    counting.seal()
    counting.waits_for_sealed()
    claire.get_by_role("button", name="Retour", exact=True).click()

    for path in shop.trays:
        Tour(claire).waits_for(path, "Scellé, à vérifier")
    finish_alone(claire, shop, tmp_path)


def finish_alone(page: Page, shop: PadShop, photos: Path) -> None:
    """Go on without a verifier in the first tray, and sign its list; every screen on the way says so."""
    alone = Verification(page)
    alone.button("Finir seul").click()
    alone.says("Compté seul")
    page.get_by_label("Pourquoi personne d'autre ne vérifie").fill("Marc est malade")
    alone.button("Continuer seul").click()
    pieces = shop.on_tray(TRAY)
    alone.key_quantity(len(pieces))
    labels = {piece.ref: piece.label for piece in pieces}
    alone.button("Terminer ce plateau").wait_for()
    for reference in alone.still_asked():
        alone.show(labels[reference], reference=reference)
    alone.button("Terminer ce plateau").click()
    alone.says("Plateau terminé")
    alone.button("Revenir à la tournée").click()
    Tour(page).waits_for(TRAY, "compté seul")

    alone.button("Signer la liste").click()
    alone.says("Vous avez compté seul")
    expect(page.get_by_role("row", name=TRAY.replace("/", "\u00a0· "))).to_contain_text("compté seul")
    photo = page.locator("input[type=file]")
    if photo.count() > 0:  # A closing, which is what a shop counts after five in the afternoon.
        expect(page.get_by_text("Encore 1 photo à prendre")).to_be_visible()
        (photos / "tray.jpg").write_bytes(b"a photo")
        photo.set_input_files(photos / "tray.jpg")
    page.locator("input[type=password]").fill(PEOPLE[CLAIRE][0])
    page.get_by_role("button", name="Signer", exact=True).click()
    alone.says("signée par une seule personne")


def test_neither_the_counter_nor_the_counter_s_device_verifies(
    shop: PadShop, handhelds: tuple[BrowserContext, BrowserContext]
) -> None:
    page = enter(handhelds[0], shop, device="claire", name=CLAIRE)
    counting = count(page, shop, shop.on_tray(TRAY))
    counting.seal()
    counting.waits_for_sealed()
    page.get_by_role("button", name="Retour", exact=True).click()
    assert Tour(page).row(TRAY).get_by_role("button").count() == 0

    page.reload()
    page.get_by_text(MARC, exact=True).wait_for()
    App(page).sign_in(MARC, PEOPLE[MARC][0])
    Tour(page).do("Vérifier", TRAY)

    App(page).says("Cet appareil a déjà servi à l'autre personne. Continuez sur un autre appareil.")


def test_a_number_that_differs_makes_b_count_blind_and_scan_every_label(
    shop: PadShop, handhelds: tuple[BrowserContext, BrowserContext]
) -> None:
    pieces = shop.on_tray(TRAY)
    claire = enter(handhelds[0], shop, device="claire", name=CLAIRE)
    marc = enter(handhelds[1], shop, device="marc", name=MARC)
    counting = count(claire, shop, pieces)
    counting.seal()
    counting.waits_for_sealed()

    Tour(marc).do("Vérifier", TRAY)
    verification, blind = Verification(marc), Counting(marc)
    verification.key_quantity(len(pieces) + 1)
    blind.waits_for_stable()
    assert digits_shown(marc) == []
    blind.seal()
    labels = {piece.ref: piece.label for piece in pieces}
    *most, last = verification.asked()
    for reference in most:
        verification.show(labels[reference], reference=reference)
    verification.scan(labels[last])
    verification.says("Scannez toutes les étiquettes")
    for piece in pieces:
        verification.scan(piece.label)
    verification.says(f"{len(pieces)} étiquettes scannées")
    verification.button("J'ai tout scanné").click()
    verification.seal()
