"""The board in the real JupyterLab: rows that come when they are scrolled to, traits linked, keys, and narrow pages."""

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab

MANY = """
from notebooks_kit import LineBoard, connect
import ipywidgets
pbx = await connect(scenario="quiet")
board, box = LineBoard(pbx, height="12em"), ipywidgets.Text(description="Words")
link = ipywidgets.jslink((box, "value"), (board, "filter"))
ipywidgets.VBox([box, board])
"""
SAID = "print(board.selected, board.value[0]['State'], board.watched, board.filter)"
CUT = """board => [...board.querySelectorAll('*')].filter(each => {
  const own = each.getBoundingClientRect(), room = board.getBoundingClientRect();
  return own.width && (own.right > room.right + 1 || own.left < room.left - 1);
}).map(each => each.outerHTML.slice(0, 100))"""


def test_a_board_is_scrolled_linked_and_used_by_keyboard(lab: "Lab") -> None:
    page = lab.open(lab.write("board.ipynb", MANY, SAID, "board.close(); await pbx.close()"))
    page.run_cell(0)
    board = page.view("board")
    rows = board.get_by_role("row")
    grid = board.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "20")
    expect(board.get_by_role("status")).to_contain_text("20 lines, 0 in a call")
    # what is scrolled to is there
    grid.focus()
    page.page.keyboard.press("End")
    last = rows.last
    expect(last).to_be_visible()
    expect(last).to_have_attribute("aria-rowindex", "20")
    page.page.keyboard.press("Enter")
    expect(last).to_have_attribute("aria-selected", "true")
    chosen = (last.get_attribute("aria-label") or "").split(" ")[0]
    page.page.keyboard.press("Home")
    expect(rows.first).to_have_attribute("aria-rowindex", "1")
    # linked in the page, without the kernel between the two
    page.field("Words", page.page.locator(".jp-Notebook")).fill(chosen)
    expect(page.field("Filter", board)).to_have_value(chosen)
    expect(rows).to_have_count(1)
    page.run_cell(1)
    expect(page.cell(1)).to_contain_text("idle True " + chosen)
    page.field("Filter", board).fill("")
    expect(grid).to_have_attribute("aria-rowcount", "20")
    for theme in ("light", "dark"):
        page.theme(theme)
        page.screenshot(f"board-{theme}", board)
    # a narrow page: everything is there, below each other
    page.page.set_viewport_size({"width": 450, "height": 800})
    page.command("application:toggle-left-area")
    expect(page.page.locator(".pbx-board.pbx-narrow")).to_be_visible()
    cut = board.evaluate(CUT)
    assert not cut, json.dumps(cut, indent=1)
    page.screenshot("board-narrow", board)
    page.theme("light")
    page.run_cell(2)
    expect(board).to_have_count(0)
    page.close()
