"""What is left of tables whose output was cleared, and of those in a notebook that was closed and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab

CONNECT = """
import gc
import ipywidgets
from IPython.display import display
from ipywidgets.widgets import widget
from notebooks_kit import LineBoard, connect
pbx = await connect(scenario="quiet")
"""
STEPS = """
def show(words):
    display(LineBoard(pbx, filter=words))
ipywidgets.interact(show, words="Ada")
"""
COUNT = """
gc.collect()
print("boards:", sum(isinstance(each, LineBoard) for each in widget._instances.values()))
"""


COLLECT = """
import asyncio
async def collect_often():
    while True:
        gc.collect()
        await asyncio.sleep(0.1)
collecting = asyncio.create_task(collect_often())
"""


def test_the_boards_of_interact_do_not_pile_up(lab: Lab) -> None:
    page = lab.open(lab.write("interact.ipynb", CONNECT, STEPS, COUNT))
    page.run_all()
    rows = page.view("board").locator(".pbx-row[role=row]")
    expect(rows).to_have_count(1)
    words = page.page.get_by_label("words", exact=True)
    for typed, shown in (("Ben", 1), ("", 20), ("Chloe", 1)):
        words.fill(typed)
        words.press("Enter")
        expect(rows).to_have_count(shown)
    page.run_cell(2)
    expect(page.cell(2)).to_contain_text("boards: 1")
    page.close()


def test_a_board_that_nothing_names_is_there_when_its_notebook_is_opened_again(lab: Lab) -> None:
    name = lab.write("closed.ipynb", CONNECT, "display(LineBoard(pbx))", COUNT, COLLECT)
    page = lab.open(name)
    page.run_all()
    expect(page.view("board").locator(".pbx-row[role=row]").first).to_be_visible()
    page.command("docmanager:save")
    page.wait_done(30)
    page.page.evaluate("() => jupyterapp.shell.currentWidget.dispose()")  # the kernel goes on
    expect(page.page.locator(".jp-Notebook")).to_have_count(0)
    page.page.wait_for_timeout(1000)  # in which nothing may be collected
    page.command("docmanager:open", path=name)
    page.wait_ready(name)
    expect(page.view("board").locator(".pbx-row[role=row]").first).to_be_visible()
    page.run_cell(2)
    expect(page.cell(2)).to_contain_text("boards: 1")
    page.close()
