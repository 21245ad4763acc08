"""A card is added to a dashboard by hand: found in the list of cards with a live preview, edited, and saved."""

import pytest
from playwright.sync_api import expect

from tests.e2e.cards import Cards, until

pytestmark = pytest.mark.timeout(400)


def test_the_phone_card_from_the_list_of_cards(shared_cards: Cards) -> None:
    page = shared_cards.page
    shared_cards.ask("lovelace/dashboards/create", url_path="made-by-hand", title="Made by hand", mode="storage")
    view = {"title": "Home", "path": "home", "type": "sections", "sections": [{"type": "grid", "cards": []}]}
    shared_cards.ask("lovelace/config/save", url_path="made-by-hand", config={"views": [view]})
    shared_cards.go("/made-by-hand/home")
    by_card = page.get_by_role("tab", name="By card")
    shared_cards.press(page.get_by_role("button", name="Edit dashboard"), page.get_by_role("button", name="Add card"))
    shared_cards.press(page.get_by_role("button", name="Add card").first, by_card)
    by_card.click()
    page.locator("hui-card-picker input").first.fill("PBX: Telephone")
    offered = page.locator("hui-card-picker .card").filter(has_text="PBX: Telephone")
    # A picture of it with a line that there is, as it would look.
    expect(offered.locator("pbx-phone-card")).to_be_visible()
    shared_cards.picture("picker")
    offered.locator(".overlay").click()
    editor = page.locator("pbx-phone-card-editor")
    title = editor.get_by_role("textbox", name="Title")
    title.fill("At the door")
    title.press("Tab")
    shared_cards.picture("card-editor")
    page.get_by_role("button", name="Save", exact=True).click()

    def saved() -> list[dict[str, object]]:
        config = shared_cards.ask("lovelace/config", url_path="made-by-hand", force=True)
        return [card for section in config["views"][0]["sections"] for card in section["cards"]]

    until(lambda: any(card.get("title") == "At the door" for card in saved()), "it is saved")
    [card] = [card for card in saved() if card["type"] == "custom:pbx-phone-card"]
    assert set(card) == {"type", "title", "lines"}
    page.get_by_role("button", name="Done").click()
    expect(shared_cards.phone.get_by_role("heading", name="At the door")).to_be_visible()
