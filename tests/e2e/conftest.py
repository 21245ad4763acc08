"""The demo as a person has it: simulated PBX, Home Assistant, dashboard; and a real Chromium that looks at it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import processes
from tests.e2e.cards import Cards
from tests.e2e.large_office import LargeOffice, large_office

ROOT = Path(__file__).resolve().parents[2]
LAB_PAGES = ("test_lab_whole.py", "test_lab_pages.py")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Return where a Chromium is, if there is one."""
    known = ROOT / ".tools" / "chromium-path"
    candidates = [
        os.environ.get("CHROMIUM_PATH"),
        known.read_text(encoding="utf-8").strip() if known.exists() else None,
        shutil.which("chromium"),
        shutil.which("google-chrome"),
    ]
    return next((path for path in candidates if path and Path(path).exists()), None)


@pytest.hookimpl(tryfirst=True)  # xdist looks at what is marked in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what shares a Home Assistant be run by one process, and what shares a JupyterLab by one of two.

    The tests in JupyterLab take three times as long as the others, so those of two files have a server of their own.
    """
    for item in items:
        folder = item.path.parent
        if folder.name == "lab":
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300))  # for what hangs, not for what other processes slow down
            item.add_marker(pytest.mark.xdist_group("lab-pages" if item.path.name in LAB_PAGES else "lab"))
        elif folder.name == "e2e":
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start a Chromium."""
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium; scripts/setup browser gets one, or set CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    url: str
    phones_url: str
    """The page of phones of the simulated PBX."""

    def user(self, login: str) -> dict[str, Any]:
        """Return what the simulated PBX itself says of a user."""
        answer = httpx.get(self.phones_url.replace("/phones", "/simulator/state"))
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["users"][login]
        return found


@pytest.fixture(scope="session")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the demo on free ports, in a folder of its own."""
    with running(tmp_path_factory.mktemp("demo")) as started:
        yield started


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Demo]:
    """Run a demo in this folder, on free ports, and end it."""
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = processes.start(
            [sys.executable, str(ROOT / "demo"), "--folder", str(folder / "demo"), "--any-port", *arguments],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 240
        while "Ctrl-C ends" not in (text := log.read_text(encoding="utf-8")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
        words = text.split()
        yield Demo(url=words[words.index("Dashboard") + 1], phones_url=words[words.index("Phones") + 1])
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def dashboard(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Open the dashboard."""
    page = browser.new_page(viewport={"width": 1440, "height": 1800})
    page.goto(demo.url)
    page.get_by_text("Ada Brooks").first.wait_for(timeout=60_000)
    yield page
    page.close()


@pytest.fixture(scope="session")
def office(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeOffice]:
    """Connect a second PBX to the demo's Home Assistant: two hundred lines, which do nothing by themselves."""
    with large_office(tmp_path_factory.mktemp("large"), demo.url.partition("/office-phones")[0]) as started:
        yield started


@pytest.fixture(scope="session")
def shared_cards(browser: Browser, demo: Demo, office: LargeOffice) -> Iterator[Cards]:
    """Open a page of Home Assistant, and make a dashboard there with what the strategy builds for the large office."""
    page = browser.new_page(viewport={"width": 1440, "height": 1100}, reduced_motion="reduce")
    page.goto(demo.url)
    cards = Cards(page, office)
    cards.make_dashboard()
    yield cards
    page.close()


@pytest.fixture
def cards(shared_cards: Cards) -> Iterator[Cards]:
    """Show the cards of the large office as someone finds them who opens the page; no telephone is in use."""
    shared_cards.open()
    yield shared_cards
    shared_cards.leave()
