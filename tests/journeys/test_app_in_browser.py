"""The web app in a real browser against the real server: a link pairs it, a person signs in, nobody else is asked for anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.pages import App, launched_browser, new_context
from tests.server.api.test_sessions import LINK, PIN, prepared
from tests.server.running import RunningServer, running_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    prepared(tmp_path)
    with running_server(tmp_path) as started:
        yield started


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
    context = new_context(browser, size=size, locale=locale)
    page = context.new_page()
    app = App(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{url}/#pair={LINK}")
    page.get_by_text("Marc").wait_for(timeout=20_000)
    assert "pair=" not in page.url
    app.picture(f"sign-in-{size}-{locale}")
    shown_as = page.locator("html")
    page.locator("summary").click()
    page.get_by_role("combobox").select_option("sun")
    page.get_by_role("checkbox").check()
    expect(shown_as).to_have_attribute("data-theme", "sun")
    page.reload()
    page.get_by_text("Marc").wait_for()
    expect(shown_as).to_have_attribute("data-theme", "sun")
    expect(shown_as).to_have_attribute("data-gloves", "")
    page.get_by_text("Marc").click()
    page.get_by_role("textbox").fill(PIN)
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name=button).wait_for(state="detached", timeout=20_000)
    page.wait_for_load_state("networkidle")
    app.picture(f"tour-{size}-{locale}")

    assert app.problems == []
    assert {one.split("/")[2] for one in asked if one.startswith("http")} == {url.split("/")[2]}
    context.close()
