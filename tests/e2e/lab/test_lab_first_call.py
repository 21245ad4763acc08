"""The first notebook in the real JupyterLab, in light and dark."""

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab


def test_the_first_notebook_runs_and_its_board_lives(lab: "Lab") -> None:
    page = lab.open("first-call.ipynb")
    page.command("notebook:run-all-cells")
    # the last cell closes the client; until then the board lives, and the call of 1018 passes over it
    board = page.view("board")
    expect(board.get_by_role("status")).to_contain_text("20 lines")
    page.wait_state("1018", "active", timeout=60)
    assert len(page.states()) == 20
    page.screenshot("first-call-light")
    page.theme("dark")
    page.screenshot("first-call-dark")
    page.wait_done(timeout=90)
    expect(board.get_by_role("status")).to_contain_text("closed: this is how it was")
    page.close()
