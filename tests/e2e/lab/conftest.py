"""The real JupyterLab as scripts/lab starts it, and a real Chromium that opens notebooks in it."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests import processes

from .simulated_pbx import Server

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-lib/bin/python"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
Theme = Literal["light", "dark"]
SIZE: ViewportSize = {"width": 1400, "height": 1000}
SETTINGS = {
    # everything stays in the page, whatever is scrolled away
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # a picture of the whole notebook, and nothing asked when it is left
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
# JupyterLab ends a view's subshell when the view is closed, and ipykernel ends the thread's loop with whatever message
# still waits in it. What Python says about that goes to the output of the cell that happens to be running.
SUBSHELL_ENDED = re.compile(
    r"""(?x) \s* (?: (?:
        Task\ was\ destroyed\ but\ it\ is\ pending!
      | task:\ <Task\ pending\ .*_async_in_context\..*/ipykernel/utils\.py.*>
      | .*RuntimeWarning:\ coroutine\ '_async_in_context\..*'\ was\ never\ awaited
      | self\._ready\.clear\(\)
      | RuntimeWarning:\ Enable\ tracemalloc\ .*
    ) \s* )+"""
)


def pictures() -> Path:
    """Return the folder of the pictures that tests take, to be looked at."""
    folder = ROOT / ".tools/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, which also has Notebook 7 and Voilà."""

    browser: Browser
    url: str
    token: str
    notebooks: Path
    spare: list[Page] = field(default_factory=list)
    """JupyterLab's pages whose notebook is closed: to load the application costs more than most tests do in it."""

    def address(self, path: str) -> str:
        """Return the address of a page of this server."""
        return f"{self.url}{path}?token={self.token}"

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of these code cells, and return its name."""
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        notebook = {
            "cells": [{**code, "id": f"cell-{index}", "source": source} for index, source in enumerate(cells)],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.notebooks / name).write_text(json.dumps(notebook), encoding="utf-8")
        return name

    @property
    def pictures(self) -> Path:
        """Where pictures go."""
        return pictures()

    def page(self, width: int = SIZE["width"], height: int = SIZE["height"]) -> Page:
        """Open an empty page."""
        page = self.browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(30_000)
        return page

    def open(self, notebook: str, theme: Theme = "light") -> "LabPage":
        """Open a notebook in JupyterLab, with a kernel that is ready."""
        if self.spare:
            page = self.spare.pop()
            page.set_viewport_size(SIZE)
            opened = LabPage(page, self)
            opened.command("docmanager:open", path=notebook)
        else:
            page = self.page(**SIZE)
            opened = LabPage(page, self)
            page.goto(self.address(f"lab/workspaces/auto-{time.monotonic_ns()}/tree/{notebook}"))
        opened.wait_ready(notebook)
        opened.theme(theme)
        return opened


@dataclass(frozen=True)
class LabPage:
    """A notebook in JupyterLab. ``page`` is playwright's; widgets are found by role and accessible name."""

    page: Page
    lab: Lab

    def command(self, name: str, **arguments: object) -> None:
        """Begin one of JupyterLab's own commands; ``wait_done`` waits for the last of them."""
        self.page.evaluate(
            """([name, args]) => {
              const began = window.began = {};
              jupyterapp.commands.execute(name, args).catch(() => {}).then(() => { began.done = true; });
            }""",
            [name, arguments],
        )

    def wait_ready(self, notebook: str) -> None:
        """Wait until this notebook is there and its kernel waits for work."""
        self.page.wait_for_function(
            """notebook => {
              const shown = window.jupyterapp?.shell.currentWidget;
              const kernel = shown?.sessionContext?.session?.kernel;
              return shown?.context?.path === notebook && shown.content.widgets.length > 0
                && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
            }""",
            arg=notebook,
            timeout=60_000,
        )
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)

    def theme(self, theme: Theme) -> None:
        """Switch between the light and the dark theme."""
        wanted = THEMES[theme]
        if self.page.locator("body").get_attribute("data-jp-theme-name") != wanted:
            self.command("apputils:change-theme", theme=wanted)
            self.page.locator(f'body[data-jp-theme-name="{wanted}"]').wait_for(state="attached")
            self.page.wait_for_timeout(300)  # the curtain comes
            self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def run_all(self, timeout: float = 120) -> None:
        """Run every cell, and fail if one of them does."""
        self.command("notebook:run-all-cells")
        self.wait_done(timeout)

    def run_cell(self, index: int, timeout: float = 60) -> None:
        """Run one cell (once more), counted from 0."""
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.command("notebook:run-cell")
        self.wait_done(timeout)

    def wait_done(self, timeout: float) -> None:
        """Wait until nothing runs any more, and fail if a cell did."""
        cells = self.page.locator(".jp-Notebook .jp-CodeCell")
        running = cells.locator(".jp-InputPrompt").filter(has_text="[*]")
        self.page.wait_for_function("() => window.began.done", timeout=timeout * 1000)
        expect(running).to_have_count(0, timeout=timeout * 1000)
        errors = self.page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
        assert errors.count() == 0, errors.first.inner_text()
        stderr = self.page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]')
        unexpected = [text for text in stderr.all_inner_texts() if not SUBSHELL_ENDED.fullmatch(text)]
        assert not unexpected, unexpected[0]

    def cell(self, index: int) -> Locator:
        """Return a cell, counted from 0, texts too."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def view(self, kind: str, nth: int = 0) -> Locator:
        """Return a view by its class, such as ``board`` for ``.pbx-board``: a place to look for controls in."""
        return self.page.locator(f".pbx-{kind}").nth(nth)

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return a button by its accessible name."""
        return (within or self.page.locator(".jp-Notebook")).get_by_role("button", name=name, exact=True)

    def field(self, label: str, within: Locator | None = None) -> Locator:
        """Return a field by its label."""
        return (within or self.page.locator(".jp-Notebook")).get_by_label(label, exact=True)

    def states(self) -> dict[str, str]:
        """Read off the board which line is in which state, by number."""
        rows = self.page.locator('.pbx-board .pbx-row[role="row"]:visible')
        labels = rows.evaluate_all("rows => rows.map(row => row.getAttribute('aria-label'))")
        # "1018 Sam Lee: ringing incoming with Ada"
        return {label.split(" ", 1)[0]: label.partition(": ")[2].partition(" with ")[0] for label in labels}

    def wait_state(self, number: str, state: str, timeout: float = 30) -> None:
        """Wait until the board shows this line in this state."""
        row = self.page.locator(f'.pbx-board .pbx-row[aria-label^="{number} "][aria-label*=": {state}"]')
        row.first.wait_for(timeout=timeout * 1000)

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Take a picture of the page, or of a part of it, into ``.tools/screenshots``."""
        path = pictures() / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path

    def whole_screenshot(self, name: str) -> Path:
        """Take a picture of the whole notebook, however long it is."""
        former = self.page.viewport_size or {"width": 1280, "height": 720}
        cells = self.page.locator(".jp-Notebook .jp-Cell")
        high = sum(cells.evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().height)"))
        self.page.set_viewport_size({"width": former["width"], "height": int(high) + 250})
        cells.first.scroll_into_view_if_needed()
        path = self.screenshot(name)
        self.page.set_viewport_size(former)
        return path

    def close(self) -> None:
        """End the kernel, close the notebook without a question, and leave the page to the next test.

        A test that fails does not come here: nobody gets the page that it leaves.
        """
        self.page.evaluate(
            """async () => {
              const shown = jupyterapp.shell.currentWidget;
              await shown.sessionContext.shutdown();
              shown.dispose();
            }"""
        )
        expect(self.page.locator(".jp-Notebook, .pbx-view, .jp-Dialog")).to_have_count(0)
        self.lab.spare.append(self.page)


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab on copies of the notebooks."""
    if not PYTHON.exists():
        pytest.skip("there is no .venv-lib; scripts/setup lib makes it")
    expect.set_options(timeout=30_000)  # cells take their time
    folder = tmp_path_factory.mktemp("lab")
    for name, values in SETTINGS.items():
        path = folder / f"config/settings/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    log = folder / "output.txt"
    command = [str(PYTHON), str(ROOT / "scripts/run_lab.py"), "--no-browser", "--folder", str(folder)]
    with log.open("wb") as output:
        process = processes.start(
            [*command, "--port", "18888", "--", "--LabApp.expose_app_in_browser=True"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while "Ctrl-C ends" not in (text := log.read_text(encoding="utf-8")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
        address = next(line.split()[1] for line in text.splitlines() if line.startswith("JupyterLab"))
        url, token = address.partition("lab/tree/")[0], address.partition("token=")[2]
        yield Lab(browser, url, token, folder / "notebooks")
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def server() -> Iterator[Server]:
    """A simulated PBX that listens."""
    one = Server()
    one.start()
    try:
        yield one
    finally:
        one.kill()
