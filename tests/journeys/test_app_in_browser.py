"""The web app in a real browser against the real server: a link pairs it, a person signs in, nobody else is asked for anything."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from server.api.static_app import STATIC
from tests.server.api.test_sessions import LINK, PIN, prepared
from tests.server.running import RunningServer, running_server

BROWSERS = ("chromium-headless-shell", "chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SIZES = {"handheld": {"width": 360, "height": 640}, "desk": {"width": 1280, "height": 800}}
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = browser_path()
    if not (STATIC / "index.html").is_file():
        pytest.skip("The web app is not built: run `make ui`.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    prepared(tmp_path)
    with running_server(tmp_path) as started:
        yield started


def picture(page: Page, name: str) -> None:
    if PICTURES is not None:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "size", "button"),
    [("fr-FR", "handheld", "Entrer"), ("en-GB", "desk", "Enter")],
)
def test_a_link_pairs_the_browser_and_a_person_signs_in(
    browser: Browser, server: RunningServer, locale: str, size: str, button: str
) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(viewport=SIZES[size], locale=locale)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))

    page.goto(f"{url}/#pair={LINK}")
    page.get_by_text("Marc").wait_for(timeout=20_000)
    assert "pair=" not in page.url
    picture(page, f"sign-in-{size}-{locale}")
    page.get_by_text("Marc").click()
    page.get_by_role("textbox").fill(PIN)
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name=button).wait_for(state="detached", timeout=20_000)
    page.wait_for_load_state("networkidle")
    picture(page, f"tour-{size}-{locale}")

    assert problems == []
    assert {one.split("/")[2] for one in asked if one.startswith("http")} == {url.split("/")[2]}
    context.close()
