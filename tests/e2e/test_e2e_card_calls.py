"""What the phone card does to a call, in a real browser; what has become of the call is read at the switch."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.cards import Cards, until
from tests.e2e.large_office import BRUNO, CLARA, DARIO, ME, OUTSIDE

pytestmark = pytest.mark.timeout(400)


def transfer(row: Locator) -> Locator:
    """Open the panel that says to whom a call goes."""
    row.get_by_role("button", name="Transfer", exact=True).click()
    return row.get_by_role("group", name="Transfer the call with")


def dot_of(row: Locator) -> Locator:
    return row.locator(".state > .dot")


def test_transferred_at_once_by_a_tap(cards: Cards) -> None:
    """The first people are offered with their states, and a tap on one of them is enough."""
    _, row = cards.take_call()
    panel = transfer(row)
    person = panel.get_by_role("button", name="Bruno Bell")
    expect(person).to_contain_text("Free")
    colours = [
        dot.evaluate("dot => getComputedStyle(dot).backgroundColor") for dot in (person.locator(".dot"), dot_of(row))
    ]
    assert len(set(colours)) == 2, "whoever is free looks like a call that goes on"
    assert cards.unnamed() == []
    cards.picture("transfer")
    person.click()
    until(lambda: not cards.office.calls(ME), "it is gone here")
    assert cards.office.calls(BRUNO) == [("RINGING_INCOMING", OUTSIDE)]
    expect(row).to_have_count(0)


def test_transferred_after_asking(cards: Cards) -> None:
    """By name and from the keyboard; the two are connected when the one who was asked wants the call."""
    _, row = cards.take_call()
    panel = transfer(row)
    panel.get_by_role("button", name="Ask first").press("Space")
    expect(panel.get_by_role("button", name="Ask first")).to_have_attribute("aria-pressed", "true")
    field = panel.get_by_role("combobox", name="Transfer to")
    field.press_sequentially("clara")
    expect(panel.get_by_role("option", name="Clara Cole")).to_be_visible()
    field.press("Enter")
    until(lambda: cards.office.calls(CLARA), "it rings there")
    assert (cards.office.calls(ME)[0], len(cards.office.calls(ME))) == (("HELD", OUTSIDE), 2)
    cards.office.answer(CLARA)
    asked = cards.call("Clara Cole")
    asked.get_by_role("button", name="Transfer", exact=True).press("Enter")
    connect = asked.get_by_role("button", name="Connect with Pine Bakery")
    expect(connect).to_be_focused()
    cards.picture("transfer-asked")
    connect.press("Enter")
    until(lambda: not cards.office.calls(ME), "both are gone here")
    assert cards.office.calls(CLARA) == [("ACTIVE", OUTSIDE)]


def test_dropped_on_a_colleague(cards: Cards) -> None:
    """Onto a line of the board; not onto the line that it comes from."""
    _, row = cards.take_call()
    row.locator(".top").drag_to(cards.board.locator(".row").filter(has_text="Agnes Abel"))
    assert cards.office.calls(ME) == [("ACTIVE", OUTSIDE)]
    row.locator(".top").drag_to(cards.board.locator(".row").filter(has_text="Dario Dean"))
    until(lambda: not cards.office.calls(ME), "it is gone here")
    assert cards.office.calls(DARIO) == [("RINGING_INCOMING", OUTSIDE)]


def test_dropped_to_ask_first_and_then_on_the_other_call(cards: Cards) -> None:
    """Onto a person of the directory's list, after choosing to ask; then the one call onto the other."""
    _, row = cards.take_call()
    panel = transfer(row)
    panel.get_by_role("button", name="Ask first").click()
    row.locator(".top").drag_to(panel.get_by_role("button", name="Bruno Bell"))
    until(lambda: cards.office.calls(BRUNO), "it rings there")
    assert cards.office.calls(ME)[0] == ("HELD", OUTSIDE)
    cards.office.answer(BRUNO)
    asked = cards.call("Bruno Bell")
    expect(asked.get_by_role("button", name="Hold")).to_be_visible()
    asked.locator(".top").drag_to(row.locator(".top"))
    until(lambda: not cards.office.calls(ME), "both are gone here")
    assert cards.office.calls(BRUNO) == [("ACTIVE", OUTSIDE)]


def test_a_call_that_rings_is_sent_elsewhere(cards: Cards) -> None:
    """There is nobody to ask yet, so there is no choice; the search finds who is not among the first."""
    cards.office.ring(ME)
    row = cards.call("Pine Bakery")
    panel = transfer(row)
    expect(panel.get_by_role("button", name="Ask first")).to_have_count(0)
    panel.get_by_role("combobox", name="Transfer to").press_sequentially("desk 2100")
    panel.get_by_role("option", name="Desk 2100").click()
    until(lambda: cards.office.calls("oxe2100") == [("RINGING_INCOMING", OUTSIDE)], "it rings there")
    assert cards.office.calls(ME) == []


def test_a_name_that_is_not_clear_goes_nowhere(cards: Cards) -> None:
    _, row = cards.take_call()
    panel = transfer(row)
    field = panel.get_by_role("combobox", name="Transfer to")
    field.press_sequentially("desk 20")
    expect(panel.get_by_role("option").nth(1)).to_be_visible()
    field.press("Enter")
    expect(cards.phone.get_by_role("alert")).to_contain_text("Choose one of those found")
    assert cards.office.calls(ME) == [("ACTIVE", OUTSIDE)]
    field.press("Escape")  # the list
    field.press("Escape")  # the panel
    expect(row.get_by_role("button", name="Transfer", exact=True)).to_be_focused()


def test_tones(cards: Cards) -> None:
    """By tap, and typed quickly on the keyboard: they arrive in the order in which they were pressed."""
    ref, row = cards.take_call()
    row.get_by_role("button", name="Keypad").click()
    keypad = row.get_by_role("group", name="Keypad")
    for key in ("1", "star", "0"):
        keypad.get_by_role("button", name=f"Tone {key}", exact=True).click()
    until(lambda: cards.office.tones(ref) == "1*0", "three tones")
    cards.page.keyboard.type("23456789#")
    until(lambda: len(cards.office.tones(ref)) == 12, "nine more")
    assert cards.office.tones(ref) == "1*023456789#"
    expect(row.locator("output")).to_have_text("1*023456789#")
    assert cards.unnamed() == []
    cards.picture("keypad")
    cards.page.keyboard.press("Escape")
    # within the card, whether or not the browser gives this page the focus now
    has_focus = "button => button.getRootNode().activeElement === button"
    until(lambda: row.get_by_role("button", name="Keypad").evaluate(has_focus), "the focus is back")


def test_do_not_disturb_and_forward(cards: Cards) -> None:
    """Where to and when, to a colleague by name, then to voicemail, then not any more."""
    phone, me = cards.phone, cards.office.user(ME)
    disturb = phone.get_by_role("button", name="Do not disturb")
    disturb.click()
    until(lambda: me.do_not_disturb, "the switch has it")
    expect(cards.board.locator(".row").filter(has_text="Agnes Abel")).to_contain_text("Do not disturb")
    disturb.click()
    until(lambda: not me.do_not_disturb, "and no longer")

    phone.get_by_role("button", name="Forward", exact=True).click()
    form = phone.get_by_role("group", name="Forward")
    form.get_by_role("combobox", name="When").select_option("When nobody answers")
    field = form.get_by_role("combobox", name="Forward to")
    field.press_sequentially("bruno")
    expect(form.get_by_role("option", name="Bruno Bell")).to_be_visible()
    assert cards.unnamed() == []
    cards.picture("forward")
    form.get_by_role("button", name="Forward", exact=True).click()
    until(lambda: me.forward is not None, "the switch has it")
    assert (me.forward.condition, me.forward.number) == ("NO_ANSWER", "2001")
    expect(form).to_have_count(0)
    expect(phone.get_by_text("Forwarded to 2001 · When nobody answers")).to_be_visible()

    phone.get_by_role("button", name="Forward", exact=True).click()
    expect(form.get_by_role("combobox", name="Forward to")).to_have_value("2001")
    form.get_by_role("combobox", name="When").select_option("Always")
    form.get_by_role("button", name="To voicemail").click()
    until(lambda: (me.forward.condition, me.forward.target) == ("IMMEDIATE", "VOICEMAIL"), "to voicemail now")
    expect(phone.get_by_text("Forwarded to voicemail")).to_be_visible()

    phone.get_by_role("button", name="Forward", exact=True).click()
    form.get_by_role("button", name="Stop forwarding").click()
    until(lambda: me.forward is None, "no longer")


def test_a_forward_without_a_number_says_what_is_missing(cards: Cards) -> None:
    cards.phone.get_by_role("button", name="Forward", exact=True).click()
    form = cards.phone.get_by_role("group", name="Forward")
    form.get_by_role("combobox", name="Forward to").fill("")  # where the line was forwarded to before may stand there
    form.get_by_role("button", name="Forward", exact=True).click()
    expect(cards.phone.get_by_role("alert")).to_contain_text("enter a number")
    assert cards.office.user(ME).forward is None
