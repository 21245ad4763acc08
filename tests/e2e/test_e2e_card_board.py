"""The board that the strategy builds for two hundred lines, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.cards import Cards, until
from tests.e2e.large_office import CLARA, DARIO, LINES, ME

pytestmark = pytest.mark.timeout(400)


def test_two_hundred_lines_page_by_page(cards: Cards) -> None:
    rows, pages = cards.board.locator(".row"), cards.board.get_by_text("of 200", exact=False)
    expect(pages).to_have_text(f"1 to 60 of {LINES}")
    expect(rows).to_have_count(60)
    cards.picture("board-large")
    back, on = (cards.board.get_by_role("button", name=name) for name in ("Previous page", "Next page"))
    expect(back).to_be_disabled()
    for first, last in ((61, 120), (121, 180), (181, 200)):
        on.click()
        expect(pages).to_have_text(f"{first} to {last} of {LINES}")
    expect(rows).to_have_count(20)
    expect(rows.last).to_contain_text("Desk 2199")
    expect(on).to_be_disabled()
    back.click()
    expect(pages).to_have_text(f"121 to 180 of {LINES}")


def test_found_by_name_number_and_state(cards: Cards) -> None:
    """Whose telephone rings is on the first page of that filter, wherever its line is among the two hundred."""
    rows, field = cards.board.locator(".row"), cards.board.get_by_role("searchbox")
    field.fill("2177")
    expect(rows).to_have_count(1)
    field.fill("DÉSK 219")
    expect(rows).to_have_count(10)
    field.fill("nobody of this name")
    expect(cards.board.get_by_text("No line fits this filter")).to_be_visible()
    field.fill("")
    cards.office.ring("oxe2199")
    cards.office.ring(DARIO, "Blue Door Books", "0015550124")
    ringing = cards.board.get_by_role("button", name="Ringing (2)")
    ringing.click()
    expect(rows).to_have_count(2)
    assert cards.unnamed() == []
    cards.board.get_by_role("button", name="Answer the call of Desk 2199").click()
    until(lambda: cards.office.calls("oxe2199") == [("ACTIVE", "0015550123")], "it is answered")
    expect(rows).to_have_count(1)
    cards.board.get_by_role("button", name="Hang up the call of Dario Dean").click()
    until(lambda: not cards.office.calls(DARIO), "it is rejected")
    expect(cards.board.get_by_text("No line fits this filter")).to_be_visible()
    cards.board.get_by_role("button", name="Ringing (0)").click()
    expect(rows).to_have_count(60)


def test_a_colleague_is_called_with_one_tap(cards: Cards) -> None:
    """The own line of the strategy is the one that the board calls with."""
    cards.board.get_by_role("button", name="Call Clara Cole").click()
    until(lambda: cards.office.calls(CLARA) == [("RINGING_INCOMING", "2000")], "it rings there")
    expect(cards.phone.get_by_role("list", name="Calls of Agnes Abel")).to_contain_text("Clara Cole")
    expect(cards.board.get_by_role("button", name="Call Clara Cole")).to_have_count(0)
    assert [state for state, _ in cards.office.calls(ME)] == ["RINGING_OUTGOING"]
