"""Every notebook in the real JupyterLab: it runs, what it shows lives, and stays in the end; light and dark."""

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab, LabPage

# What is still on the page just before the end.
NOTEBOOKS = {
    "first-call": ("board", "timeline"),
    "by-hand": ("calls", "dial", "console"),
    "routing-and-presence": ("routing", "events", "voicemail"),
    "on-the-wire": ("ladder", "explorer", "timeline"),
    "a-week-of-calls": ("load",),
    "call-centre": ("board", "agent", "timeline"),
    "routing-calls": ("centre-board",),
    "broken-network": ("faults", "board"),
}


TRUSTED = """() => jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code' && cell.model.outputs.length > 0).map(cell => cell.model.trusted)"""
DRAWN = "images => images.filter(image => image.complete && image.naturalWidth > 100).length"


def what_is_stored_is_shown_to_whoever_does_not_trust_it(page: "LabPage", name: str) -> None:
    """Look at a notebook that nobody has run here: the pictures are there, and no letters without them."""
    stored = json.loads((page.lab.notebooks / f"{name}.ipynb").read_text(encoding="utf-8"))
    shown = [output.get("data", {}) for cell in stored["cells"] for output in cell.get("outputs", ())]
    pictures = sum("image/png" in data for data in shown)
    pictures += sum("".join(data.get("text/html", ())).count("<img ") for data in shown)
    assert False in page.page.evaluate(TRUSTED)
    images = page.page.locator(".jp-OutputArea-output img")
    expect(images).to_have_count(pictures)
    if pictures:
        images.last.scroll_into_view_if_needed()
    assert images.evaluate_all(DRAWN) == pictures
    expect(page.page.get_by_text("untrusted SVG")).to_have_count(0)
    tables = sum("<table" in "".join(data.get("text/html", ())) for data in shown)
    assert page.page.locator(".jp-OutputArea-output table").count() >= tables
    page.whole_screenshot(f"{name}-untrusted")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_what_it_shows_lives_until_its_end(lab: "Lab", name: str) -> None:
    page = lab.open(f"{name}.ipynb")
    what_is_stored_is_shown_to_whoever_does_not_trust_it(page, name)
    cells = page.page.locator(".jp-Notebook .jp-Cell")
    last = cells.count() - 1
    page.cell(last - 1).click()
    page.command("notebook:run-all-above")
    page.wait_done(timeout=100)
    for kind in NOTEBOOKS[name]:
        expect(page.view(kind)).to_be_attached()
        assert page.view(kind).locator(".pbx-problem:visible").count() == 0
    page.whole_screenshot(f"{name}-light")
    page.theme("dark")
    page.whole_screenshot(f"{name}-dark")
    page.theme("light")
    views = page.page.locator(".pbx-view").count()
    page.run_cell(last)
    for kind in NOTEBOOKS[name]:
        expect(page.view(kind)).to_be_attached()
    expect(page.page.locator(".pbx-view")).to_have_count(views)
    expect(page.page.get_by_text("model not found")).to_have_count(0)
    page.whole_screenshot(f"{name}-end")
    page.close()


def test_the_slider_breaks_the_network_and_mends_it(lab: "Lab") -> None:
    page = lab.open("broken-network.ipynb")
    page.run_cell(1)
    panel, board = page.view("faults"), page.view("board")
    status = panel.get_by_role("status")
    expect(status).to_have_text("online")
    slider = panel.get_by_role("slider")
    slider.focus()
    for _ in range(5):
        page.page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("server gone")
    expect(status).to_have_text("offline")
    expect(board.get_by_role("status").first).to_contain_text("offline")
    for _ in range(5):
        page.page.keyboard.press("ArrowLeft")
    expect(status).to_have_text("online")
    expect(board.get_by_role("status").first).not_to_contain_text("offline")
    page.button("Cut the channel", panel).click()
    expect(panel).to_contain_text("1 channel cut")
    expect(status).to_have_text("online")
    page.run_cell(page.page.locator(".jp-Notebook .jp-Cell").count() - 1)
    expect(status).to_have_text("closed")
    expect(board.get_by_role("status").first).to_contain_text("closed: this is how it was")
    page.close()
