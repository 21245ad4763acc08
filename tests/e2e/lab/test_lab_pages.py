"""The console and the connection form, in JupyterLab, in Notebook 7 and in Voilà."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from .conftest import Lab
    from .simulated_pbx import Server

CONNECT = (
    "from notebooks_kit import Console, ConnectionPanel, LineBoard, connect\npbx = await connect(scenario='quiet')"
)
CONSOLE = "console = Console(pbx)\nconsole"
VIEWS = """
from ipywidgets.widgets import widget
print("boards:", sum(isinstance(each, LineBoard) for each in widget._instances.values()))
"""


def console_works(page: Page) -> None:
    """Choose a line on the board, dial, and see it on the board and in its panel."""
    console = page.locator(".pbx-console")
    expect(console.get_by_text("No line is chosen.")).to_be_visible(timeout=60_000)
    console.get_by_role("button", name="1018", exact=True).click()
    expect(console.locator(".pbx-console-head")).to_contain_text("1018")
    expect(console.get_by_text("No calls at the moment.")).to_be_visible()
    number = console.get_by_label("Number", exact=True)
    number.fill("1012")
    number.press("Enter")
    row = console.locator('.pbx-row[aria-label^="1018 "]')
    expect(row).to_have_attribute("aria-label", re.compile(": (ringing outgoing|active)"), timeout=20_000)
    console.get_by_role("button", name="Hang up").first.click()
    expect(row).to_have_attribute("aria-label", re.compile(": idle"), timeout=20_000)


def test_the_console_in_light_and_dark(lab: Lab) -> None:
    page = lab.open(lab.write("console.ipynb", CONNECT, CONSOLE))
    page.run_all()
    console_works(page.page)
    page.view("console").scroll_into_view_if_needed()
    page.screenshot("console-light")
    page.theme("dark")
    page.screenshot("console-dark")
    for tab in ("Routing", "Directory", "Timeline", "Events", "Wire"):
        page.page.get_by_role("tab", name=tab, exact=True).click()
        page.page.wait_for_timeout(300)
        expect(page.view("console").locator(".pbx-problem")).to_have_count(0)
        page.screenshot(f"console-{tab.lower()}-dark")
    page.close()


def test_running_a_cell_again_leaves_nothing_behind(lab: Lab) -> None:
    page = lab.open(lab.write("again.ipynb", CONNECT, "board = LineBoard(pbx)\nboard", VIEWS))
    page.run_all()
    expect(page.cell(2)).to_contain_text("boards: 1")
    for _ in range(2):
        page.run_cell(1)
    expect(page.view("board").locator(".pbx-line")).to_have_count(20)
    page.run_cell(2)
    expect(page.cell(2)).to_contain_text("boards: 1")
    page.run_cell(0)
    page.run_cell(1)
    expect(page.view("board").get_by_role("status")).to_contain_text("20 lines, ")
    page.close()


def test_the_form_names_what_is_wrong_and_starts_the_demo(lab: Lab) -> None:
    page = lab.open(lab.write("panel.ipynb", CONNECT.splitlines()[0], "panel = ConnectionPanel(then=LineBoard)\npanel"))
    page.run_all()
    panel = page.view("connection")
    page.button("Connect", panel).click()
    expect(panel.get_by_role("alert").filter(has_text="Address: ")).to_be_visible()
    expect(panel.get_by_role("alert").filter(has_text="Password: is empty.")).to_be_visible()
    page.screenshot("panel-light")
    page.field("Address", panel).fill("http://127.0.0.1:9")
    page.field("Login", panel).fill("nobody")
    page.field("Password", panel).fill("secret")
    page.field("Password", panel).press("Enter")
    expect(panel.locator(".pbx-problem")).to_be_visible()
    page.theme("dark")
    page.screenshot("panel-dark")
    page.button("Demo", panel).click()
    expect(panel.locator(".pbx-status").first).to_have_text("online")
    expect(panel.locator(".pbx-board .pbx-line")).to_have_count(20)
    expect(page.field("Password", panel)).not_to_be_visible()
    page.button("Disconnect", panel).click()
    expect(panel.locator(".pbx-board")).to_have_count(0)
    expect(panel.locator(".pbx-status").first).to_have_text("not connected")
    page.close()


def test_notebook_7(lab: Lab) -> None:
    name = lab.write("seven.ipynb", CONNECT, CONSOLE, VIEWS)
    page = lab.page()
    page.goto(lab.address(f"notebooks/{name}"))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.wait_for_function("() => document.body.innerText.includes('Python 3 (ipykernel)')")
    page.wait_for_timeout(3000)
    for _ in range(2):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        console_works(page)
        expect(page.locator(".jp-Cell").nth(2)).to_contain_text("boards: 1")
    page.screenshot(path=lab.pictures / "notebook-7.png")
    page.close()


@pytest.mark.timeout(300)
def test_voila_and_visitors_who_leave(lab: Lab, server: Server) -> None:
    login = f"url={server.url!r}, username='admin', password='admin', page_timeout=4"
    name = lab.write(
        "application.ipynb", f"from notebooks_kit import Console, connect\npbx = await connect({login})", CONSOLE
    )
    for visit, theme in enumerate(("light", "dark", "light")):
        page = lab.page()
        page.goto(lab.address(f"voila/render/{name}") + f"&theme={theme}")
        console_works(page)
        assert server.sessions >= 1
        if visit == 2:  # whoever stays keeps the connection for as long
            page.wait_for_timeout(6000)
            expect(page.locator(".pbx-console")).not_to_contain_text("No page has answered")
            assert server.sessions >= 1
        page.screenshot(path=lab.pictures / f"voila-{theme}.png")
        page.close()
    deadline = time.monotonic() + 30
    while server.sessions:
        assert time.monotonic() < deadline, f"{server.sessions} clients of visitors who have left are logged in"
        time.sleep(0.3)
