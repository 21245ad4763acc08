"""The dashboard that builds itself and the cards, in Home Assistant's editors."""

import pytest
from playwright.sync_api import expect

from tests.e2e.cards import Cards, until

pytestmark = pytest.mark.timeout(400)
AGNES = "Agnes Abel"


def test_whose_telephone_comes_first_is_chosen_in_the_editor(shared_cards: Cards) -> None:
    """The editor of the strategy shows what there is, and saves what is changed."""
    page = shared_cards.page
    shared_cards.ask("lovelace/dashboards/create", url_path="built-by-hand", title="Built by hand", mode="storage")
    strategy = {"type": "custom:pbx-office", "phone": ["sensor.agnes_abel_call_state"]}
    shared_cards.ask("lovelace/config/save", url_path="built-by-hand", config={"strategy": strategy})
    shared_cards.go("/built-by-hand/office")
    expect(shared_cards.phone.get_by_text(AGNES).first).to_be_visible()
    editor = page.locator("pbx-office-strategy-editor")
    shared_cards.press(page.get_by_role("button", name="Edit dashboard"), editor)
    expect(editor.get_by_text("Your own lines")).to_be_visible()
    expect(editor.get_by_text(AGNES).first).to_be_visible()
    title = editor.get_by_role("textbox", name="Title")
    title.fill("Everybody")
    title.press("Tab")
    shared_cards.picture("strategy-editor")
    page.get_by_role("button", name="Save", exact=True).click()

    def saved() -> object:
        return shared_cards.ask("lovelace/config", url_path="built-by-hand", force=True)["strategy"].get("title")

    until(lambda: saved() == "Everybody", "it is saved")
    kept = shared_cards.ask("lovelace/config", url_path="built-by-hand", force=True)["strategy"]
    assert set(kept) == {"type", "phone", "title"}
    expect(page.get_by_text("Everybody").first).to_be_visible()
