"""The pop-up of an incoming call, and how the cards fit whoever looks: languages, telephones, the dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.cards import Cards, until
from tests.e2e.large_office import BRUNO, ME

pytestmark = pytest.mark.timeout(400)

MORE_INFO = """document.querySelector("home-assistant").dispatchEvent(
    new CustomEvent("hass-more-info", { detail: { entityId: "sensor.agnes_abel_call_state" } }))"""
HARD_TO_USE = Path(__file__).with_name("hard_to_use.js").read_text(encoding="utf-8")


def popup(cards: Cards, name: str = "Pine Bakery") -> Locator:
    return cards.page.get_by_role("alertdialog", name=name)


def test_it_takes_the_focus_and_gives_it_back(cards: Cards) -> None:
    """Escape hides the pop-up and rejects nothing; Enter answers the next call."""
    chip = cards.board.get_by_role("button", name="Free")
    chip.focus()
    cards.office.ring(ME)
    pop = popup(cards)
    expect(pop.get_by_role("button", name="Answer")).to_be_focused()
    cards.page.keyboard.press("Escape")
    expect(pop).to_have_count(0)
    expect(chip).to_be_focused()
    assert [state for state, _ in cards.office.calls(ME)] == ["RINGING_INCOMING"]

    cards.office.ring(ME, "Blue Door Books", "0015550124")
    pop = popup(cards, "Blue Door Books")
    expect(pop.get_by_role("button", name="Answer")).to_be_focused()
    cards.page.keyboard.press("Enter")
    until(lambda: ("ACTIVE", "0015550124") in cards.office.calls(ME), "it is answered")
    expect(pop).to_have_count(0)
    expect(chip).to_be_focused()


def test_whoever_types_goes_on_typing(cards: Cards) -> None:
    """What is typed goes where it went before, and screen readers say who calls all the same."""
    field = cards.board.get_by_role("searchbox")
    field.press_sequentially("desk")
    cards.office.ring(ME)
    expect(popup(cards)).to_be_visible()
    expect(field).to_be_focused()
    expect(cards.phone.locator("[aria-live=polite]")).to_contain_text("Incoming call from Pine Bakery")
    cards.page.keyboard.type(" 2150")
    expect(field).to_have_value("desk 2150")
    assert [state for state, _ in cards.office.calls(ME)] == ["RINGING_INCOMING"]


def test_a_dialog_is_open(cards: Cards) -> None:
    """While a dialog of Home Assistant's keeps everything else from being pressed, the pop-up can be."""
    cards.page.evaluate(MORE_INFO)
    dialog = cards.page.get_by_role("heading", name="Activity")
    expect(dialog).to_be_visible()
    cards.office.ring(ME)
    pop = popup(cards)
    expect(pop).to_be_visible()
    cards.picture("popup-over-a-dialog")
    pop.get_by_role("button", name="Dismiss").click()
    expect(pop).to_have_count(0)
    expect(dialog).to_be_visible()

    cards.office.ring(ME, "Blue Door Books", "0015550124")
    pop = popup(cards, "Blue Door Books")
    expect(pop.get_by_role("button", name="Answer")).to_be_focused()
    cards.page.keyboard.press("Escape")
    expect(pop).to_have_count(0)
    expect(dialog).to_be_visible()
    cards.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_dialog_opens_and_closes_while_it_rings(cards: Cards) -> None:
    cards.office.ring(ME)
    pop = popup(cards)
    expect(pop).to_be_visible()
    cards.page.evaluate(MORE_INFO)
    dialog = cards.page.get_by_role("heading", name="Activity")
    expect(dialog).to_be_visible()
    pop.get_by_role("button", name="Reject").hover()  # nothing is in front of it
    cards.page.get_by_role("button", name="Close", exact=True).first.click()
    expect(dialog).to_have_count(0)
    expect(pop).to_be_visible()
    pop.get_by_role("button", name="Reject").click()
    until(lambda: not cards.office.calls(ME), "it is rejected")


def test_a_strangers_name_is_only_text(cards: Cards) -> None:
    """In the pop-up, on the card and on the board, and longer than any room there is."""
    name = "<img src=x onerror=alert(1)>" + "Bakery" * 20
    cards.page.set_viewport_size({"width": 360, "height": 700})
    cards.office.ring(ME, name)
    pop = popup(cards, name)
    expect(pop).to_be_visible()
    for place in (pop, cards.call(name), cards.board.locator(".row").filter(has_text="Agnes Abel")):
        expect(place).to_contain_text(name)
        expect(place.locator("img")).to_have_count(0)
    assert cards.page.evaluate("document.scrollingElement.scrollWidth") <= 360
    box = pop.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 700


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_on_a_telephone(cards: Cards, dark: bool) -> None:
    """Fingers hit every button, eyes read every word, and screen readers have a name for everything."""
    cards.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    cards.page.set_viewport_size({"width": 360, "height": 800})
    _, row = cards.take_call()
    cards.office.ring(ME, "Blue Door Books", "0015550124")
    cards.office.ring(BRUNO, "Harbour Dental", "0015550125")
    pop = popup(cards, "Blue Door Books")
    expect(pop).to_be_visible()
    row.get_by_role("button", name="Transfer", exact=True).click()
    expect(row.get_by_role("button", name="Bruno Bell")).to_be_visible()
    cards.picture(f"telephone-{'dark' if dark else 'light'}")
    assert cards.unnamed() == []
    assert cards.page.evaluate("document.scrollingElement.scrollWidth") <= 360
    result = cards.page.evaluate(HARD_TO_USE)
    assert result["found"] == []
    assert result["words"] > 100
    assert result["buttons"] > 60


@pytest.mark.parametrize(
    ("language", "rings", "answer", "transfer", "states"),
    [
        ("de", "Eingehender Anruf", "Annehmen", "Verbinden", ("Frei", "Im Gespräch")),
        ("fr", "Appel entrant", "Répondre", "Transférer", ("Libre", "En communication")),
    ],
)
def test_in_another_language(
    cards: Cards, language: str, rings: str, answer: str, transfer: str, states: tuple[str, str]
) -> None:
    """The language of the person's profile is that of the cards, what a PBX refuses included."""
    cards.language(language)
    try:
        expect(cards.phone.get_by_text(states[0]).first).to_be_visible()
        cards.office.ring(ME)
        pop = popup(cards)
        expect(pop).to_contain_text(rings)
        cards.picture(f"popup-{language}")
        pop.get_by_role("button", name=answer).click()
        row = cards.call("Pine Bakery")
        expect(row).to_contain_text(states[1])
        row.get_by_role("button", name=transfer, exact=True).click()
        assert cards.unnamed() == []
        cards.picture(f"cards-{language}")
        # No word of another language is left: every text that we make is among those of this one.
        foreign = {"en", "de", "fr"} - {language}
        assert cards.foreign_words(language, foreign) == []
        assert cards.foreign_words("en", {language}) != [], "it does not see any words"
    finally:
        cards.language("en")
        expect(cards.phone.get_by_role("button", name="Do not disturb")).to_be_visible()
