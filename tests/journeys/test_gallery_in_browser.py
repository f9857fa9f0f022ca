"""Every screen of the gallery in a real browser: no fault that axe-core finds, no target under 48 px, nothing wider than the screen."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.journeys.pages import launched_browser, new_context

pytestmark = [pytest.mark.slow, pytest.mark.browser]

APP: Final = Path(__file__).resolve().parents[2] / "handheld_app"
AXE: Final = APP / "node_modules" / "axe-core" / "axe.min.js"
SCREENS_MIN: Final = 40
EVERY_LOOK: Final = list(product(("fr", "en"), ("light", "dark", "sun"), ("handheld", "desk")))
LOOKS: Final = EVERY_LOOK if "BAGUIER_EVERY_LOOK" in os.environ else [("fr", "light", "handheld")]
"""Language, theme and screen. BAGUIER_EVERY_LOOK=1 looks at all twelve."""

LOOK_AT: Final = """
async () => {
  const faults = [];
  const isHidden = (element) => element.closest(".sr-only") !== null || element.getBoundingClientRect().width === 0;
  const frames = [...document.querySelectorAll("[data-name]")];
  const place = frames[0].parentElement;
  // One at a time, as a page of its own: many on one page would be many pages' landmarks, and slow.
  for (const frame of frames) {
    place.replaceChildren(frame);
    for (const closed of frame.querySelectorAll("details")) closed.open = true;
    const say = (what) => faults.push(`${frame.dataset.name}: ${what}`);
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    for (const one of violations) say(`${one.impact} ${one.id} ${one.nodes.map((node) => node.html).join(" ")}`);
    for (const size of ["200%", ""]) {
      document.documentElement.style.fontSize = size;
      if (frame.scrollWidth > frame.clientWidth) say(`wider than the screen ${size}`);
    }
    for (const target of frame.querySelectorAll("button, a, input, select, textarea, summary")) {
      const { width, height } = (target.matches("label input") ? target.closest("label") : target).getBoundingClientRect();
      if (!isHidden(target) && Math.min(width, height) < 48) say(`${width} × ${height} px: ${target.outerHTML}`);
    }
  }
  return faults;
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_request(self, *_args: Any) -> None:
        """Say nothing of each file."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gallery's address: built here, served on loopback."""
    if not AXE.is_file():
        pytest.skip("NO axe-core: run `make ui` to install the app's packages.")
    folder = tmp_path_factory.mktemp("gallery")
    node = Path(sys.executable).parent / "node"
    build = [node, "node_modules/vite/bin/vite.js", "build", "--mode", "gallery", "--outDir", folder, "--emptyOutDir"]
    subprocess.run([*map(str, build), "--logLevel", "error"], cwd=APP, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/gallery.html"
        server.shutdown()


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_no_screen_has_a_fault_that_axe_or_a_thumb_finds(
    browser: Browser, gallery: str, *, language: str, theme: str, size: str
) -> None:
    context = new_context(browser, size=size)
    page = context.new_page()
    page.goto(f"{gallery}?lang={language}&theme={theme}")
    page.locator("[data-name]").first.wait_for()
    page.evaluate("document.fonts.ready")
    page.evaluate(AXE.read_text())

    assert page.locator("[data-name]").count() >= SCREENS_MIN
    assert page.evaluate(LOOK_AT) == []
    context.close()
