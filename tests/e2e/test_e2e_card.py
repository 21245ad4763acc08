"""The phone card and the office board in a real browser: what the demo shows, and a call from the keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.cards import Cards, until
from tests.e2e.large_office import BRUNO, ME
from tests.e2e.test_e2e_dashboard import MY_NAME, OTHER_NAME

pytestmark = pytest.mark.timeout(400)


def test_the_strategy_shows_everyone_of_the_demo(shared_cards: Cards) -> None:
    """A view of a dashboard in YAML, with the lines of one PBX of two."""
    shared_cards.go("/office-phones/office")
    board = shared_cards.board
    for name in ("Ada Brooks", "Rosa Santos", MY_NAME, OTHER_NAME):
        expect(board.get_by_text(name).first).to_be_visible()
    expect(board.get_by_text("Bruno Bell")).to_have_count(0)
    shared_cards.picture("office-board")
    board.get_by_role("searchbox").fill("meeting")
    expect(board.get_by_text(OTHER_NAME).first).to_be_visible()
    expect(board.get_by_text("Ada Brooks")).to_have_count(0)
    board.get_by_role("searchbox").fill("")


def test_a_call_from_the_keyboard(cards: Cards) -> None:
    """Dialled by a name that is completed, answered on the board, held, taken back and hung up."""
    field = cards.phone.get_by_role("combobox", name="Name or number")
    field.focus()
    cards.page.keyboard.type("Bruno")
    expect(cards.phone.get_by_role("option", name=re.compile("Bruno Bell"))).to_be_visible()
    cards.page.keyboard.press("ArrowDown")
    cards.page.keyboard.press("Enter")
    until(lambda: cards.office.calls(BRUNO), "it rings there")
    expect(field).to_have_value("")
    cards.board.get_by_role("button", name="Answer the call of Bruno Bell").press("Enter")
    calls = cards.phone.get_by_role("list", name="Calls of Agnes Abel")
    expect(calls.get_by_text("Bruno Bell").first).to_be_visible()
    hold = cards.phone.get_by_role("button", name="Hold")
    expect(hold).to_be_visible()
    cards.picture("phone-card")
    hold.press("Space")
    retrieve = cards.phone.get_by_role("button", name="Retrieve")
    expect(retrieve).to_be_visible()
    assert cards.office.calls(ME) == [("HELD", "2001")]
    retrieve.press("Enter")
    expect(hold).to_be_visible()
    cards.phone.get_by_role("button", name="Hang up").first.press("Enter")
    until(lambda: not cards.office.calls(ME), "the call is over")
    expect(calls.get_by_text("Bruno Bell")).to_have_count(0)


def test_the_dial_pad_dials_what_its_keys_say(cards: Cards) -> None:
    cards.phone.get_by_role("button", name="Dial pad").click()
    pad = cards.phone.get_by_role("group", name="Dial pad")
    for key in "20012":
        pad.get_by_role("button", name=key, exact=True).click()
    cards.phone.get_by_role("button", name="Delete the last digit").click()
    cards.phone.get_by_role("button", name="Call", exact=True).click()
    until(lambda: cards.office.calls(BRUNO) == [("RINGING_INCOMING", "2000")], "it rings there")


def test_a_number_that_is_refused(cards: Cards) -> None:
    cards.phone.get_by_role("combobox", name="Name or number").fill("12ab34")
    cards.phone.get_by_role("button", name="Call", exact=True).click()
    expect(cards.phone.get_by_role("alert")).to_contain_text("enter a number")
    assert cards.office.calls(ME) == []
