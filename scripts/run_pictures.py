"""Take the pictures of docs/ of the running demos. Started by scripts/pictures."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import FLAGS, Demo, chromium, running  # noqa: E402

NAME, NUMBER = "Pine Bakery", "0015550123"
SECOND_NAME, SECOND_NUMBER = "Blue Door Books", "0015550124"
MINE, MY_LOGIN = "1018", "oxe1018"
BOARD: Final = "/office"
PATIENT: Final = 120_000
WIDE: Final = {"width": 1440, "height": 1100}


class Stage:
    """A demo, and what happens outside of it while it is photographed."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        """Nothing happens yet."""
        self._browser = browser
        self._demo = demo

    def _outside(self, what: str, **body: str) -> None:
        address = self._demo.phones_url.replace("/phones", f"/simulator/phones/outside/{what}")
        httpx.post(address, json=body).raise_for_status()

    @contextmanager
    def call(self, name: str = NAME, number: str = NUMBER) -> Iterator[None]:
        """Somebody outside calls the line that is left to people, and hangs up in the end."""
        self._outside("ring", to=MINE, name=name, **{"from": number})
        calls: list[dict[str, Any]] = self._demo.user(MY_LOGIN)["calls"]
        yield
        self._outside("call", ref=calls[-1]["ref"], number=number, action="hang_up")

    @contextmanager
    def page(self, path: str = "", *, dark: bool = False, **size: int) -> Iterator[Page]:
        """Open a page of the demo, everything on it drawn."""
        context = self._browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(PATIENT)
        page.goto(self._demo.url + path)
        page.get_by_text("Ada Brooks").first.wait_for(timeout=PATIENT)
        yield page
        context.close()


def settled(page: Page) -> None:
    """Wait until fonts and icons are there, and nothing of Home Assistant's own notices is in the way."""
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    expect(page.locator("ha-toast:visible")).to_have_count(0, timeout=PATIENT)


def dashboard(stage: Stage, to: Path) -> None:
    """The dashboard of the demo while somebody calls."""
    with stage.page(width=1440, height=900) as page, stage.call():
        expect(page.get_by_text(NAME).first).to_be_visible(timeout=PATIENT)
        settled(page)
        page.screenshot(path=to)


def dashboard_istra(stage: Stage, to: Path) -> None:
    """The dashboard of the demo with Istra while somebody calls."""
    with stage.page(width=1440, height=1360) as page, stage.call():
        expect(page.get_by_text(NAME).first).to_be_visible(timeout=PATIENT)
        settled(page)
        page.screenshot(path=to)


def card(stage: Stage, to: Path) -> None:
    """The phone card, the office board, and the pop-up of an incoming call."""
    with stage.page(BOARD, **WIDE) as page, stage.call():
        expect(page.get_by_role("alertdialog", name=NAME)).to_be_visible(timeout=PATIENT)
        settled(page)
        page.screenshot(path=to)


def card_phone_sized(stage: Stage, to: Path) -> None:
    """The same on a telephone, dark: one call goes on, and another comes in."""
    with stage.page(BOARD, dark=True, width=360, height=1100) as page, stage.call():
        page.get_by_role("alertdialog", name=NAME).get_by_role("button", name="Answer").click()
        expect(page.locator("pbx-phone-card").get_by_role("button", name="Hold")).to_be_visible(timeout=PATIENT)
        with stage.call(SECOND_NAME, SECOND_NUMBER):
            expect(page.get_by_role("alertdialog", name=SECOND_NAME)).to_be_visible(timeout=PATIENT)
            settled(page)
            page.screenshot(path=to)


Taker = Callable[[Stage, Path], None]
PICTURES: Final[Mapping[str, Mapping[str, Taker]]] = {
    "o2g": {"dashboard": dashboard, "card": card, "card-phone-sized": card_phone_sized},
    "istra": {"dashboard-istra": dashboard_istra},
}
"""The pictures of each demo, by the names of their files."""


def main() -> int:
    """Read the options and take them."""
    known = [name for pictures in PICTURES.values() for name in pictures]
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="where they are put (docs)")
    arguments = parser.parse_args()
    wanted = arguments.names or known
    if unknown := set(wanted) - set(known):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if (path := chromium()) is None:
        parser.error("there is no Chromium; scripts/setup browser gets one, or set CHROMIUM_PATH")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for system, pictures in PICTURES.items():
            if not (takers := {name: taker for name, taker in pictures.items() if name in wanted}):
                continue
            with tempfile.TemporaryDirectory() as folder, running(Path(folder), "--system", system) as demo:
                stage = Stage(browser, demo)
                for name, taker in takers.items():
                    taker(stage, arguments.folder / f"{name}.png")
                    print(f"{name}.png", flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
