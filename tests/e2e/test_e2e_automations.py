"""An automation made by hand in Home Assistant's own editor with our trigger, and the cards of the documentation."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import ROOT, Demo
from tests.e2e.test_e2e_dashboard import MINE, MY_NAME, MY_NUMBER, until

pytestmark = pytest.mark.timeout(400)  # for what hangs, not for what other processes slow down

NAME, ENTITY = "Answer the bakery", "automation.answer_the_bakery"
STATE = "id => document.querySelector('home-assistant').hass.states[id]"
REMOVE = """async id => {
    const hass = document.querySelector('home-assistant').hass;
    await hass.callApi('DELETE', `config/automation/config/${hass.states[id].attributes.id}`); }"""


def outside(demo: Demo, what: str, /, **body: Any) -> None:
    """Let the world outside do something."""
    answer = httpx.post(demo.phones_url.replace("/phones", f"/simulator/phones/outside/{what}"), json=body)
    assert answer.is_success, answer.text


def calls(demo: Demo) -> list[dict[str, Any]]:
    """Return the calls of my line, as the PBX has them."""
    found: list[dict[str, Any]] = demo.user(MINE)["calls"]
    return found


def base(demo: Demo) -> str:
    found = re.match(r"https?://[^/]+", demo.url)
    assert found is not None
    return found[0]


@pytest.fixture
def editor(browser: Browser, demo: Demo) -> Iterator[Page]:
    """The editor with a new automation; what was saved is removed in the end, for whatever else uses the demo."""
    page = browser.new_page(viewport={"width": 1440, "height": 1400}, reduced_motion="reduce")
    page.goto(f"{base(demo)}/config/automation/edit/new")
    page.get_by_role("button", name="Add trigger").wait_for(timeout=60_000)
    yield page
    if page.evaluate(STATE, ENTITY):
        page.evaluate(REMOVE, ENTITY)
    page.close()


def add(page: Page, what: str, name: str) -> None:
    """Add a trigger or an action for my line: by target, as the editor offers it first."""
    page.get_by_role("button", name=f"Add {what}").click()
    dialog = page.locator("add-automation-element-dialog")
    dialog.get_by_text("Devices", exact=True).click()
    dialog.get_by_text(MY_NAME).first.click()
    dialog.locator("ha-list-item-button, ha-md-list-item").filter(has_text=re.compile(rf"^\s*{name}\b")).first.click()
    expect(page.locator("ha-automation-sidebar").get_by_text(name).first).to_be_visible()


def fill(page: Page, field: str, value: str) -> None:
    """Fill in an optional field of what was added."""
    row: Locator = page.locator("ha-automation-sidebar ha-settings-row").filter(has_text=re.compile(rf"^\s*{field}\b"))
    row.locator("ha-checkbox").click()
    row.get_by_role("button", name="Add").click()
    row.get_by_role("textbox").last.fill(value)
    row.get_by_role("textbox").last.press("Tab")


def test_an_automation_made_in_the_editor(editor: Page, demo: Demo) -> None:
    """Chosen, filled in and saved by hand; a call that fits runs it, and one that does not fit rings on."""
    add(editor, "trigger", "Incoming call")
    fill(editor, "From", "+1555*")
    fill(editor, "To", MY_NUMBER)
    add(editor, "action", "Answer")
    editor.get_by_role("button", name="Save").first.click()
    dialog = editor.locator("ha-dialog-automation-save")
    editor.get_by_role("textbox", name="Name").fill(NAME)
    dialog.get_by_role("button", name="Save").click()
    until(lambda: editor.evaluate(STATE, ENTITY), "it is saved and loaded")
    assert editor.evaluate(STATE, ENTITY)["attributes"]["last_triggered"] is None

    outside(demo, "ring", **{"from": "+15660123", "to": MY_NUMBER, "name": "Someone else"})
    until(lambda: calls(demo), "it rings")
    outside(demo, "call", ref=calls(demo)[0]["ref"], number="+15660123", action="hang_up")
    until(lambda: not calls(demo), "it is over")
    assert editor.evaluate(STATE, ENTITY)["attributes"]["last_triggered"] is None

    outside(demo, "ring", **{"from": "+15550123", "to": MY_NUMBER, "name": "Pine Bakery"})
    until(lambda: "ACTIVE" in str(calls(demo)), "the automation has answered")
    until(lambda: editor.evaluate(STATE, ENTITY)["attributes"]["last_triggered"], "and says so")
    outside(demo, "call", ref=calls(demo)[0]["ref"], number="+15550123", action="hang_up")
    until(lambda: not calls(demo), "it is over")


SHOW = """([type, config]) => {
    const card = document.createElement(type);
    card.setConfig(config);
    card.hass = document.querySelector('home-assistant').hass;
    document.body.append(card); }"""
BUILD = """config => customElements.get('ll-strategy-view-pbx-office')
    .generate(config, document.querySelector('home-assistant').hass)"""


def test_the_cards_of_the_documentation(browser: Browser, demo: Demo) -> None:
    """Every block of YAML of the page is a card, or a view, that works in the demo."""
    text = (ROOT / "docs" / "home-assistant" / "card.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    page = browser.new_page(viewport={"width": 1440, "height": 1100}, reduced_motion="reduce")
    page.goto(re.sub(r"/office-phones.*", "/office-phones/office", demo.url))
    page.locator("pbx-office-card").get_by_text("Ada Brooks").first.wait_for(timeout=60_000)
    cards, views = 0, 0
    for block in blocks:
        if "views" in block:
            strategy = block["views"][0]["strategy"]
            assert strategy["type"] == "custom:pbx-office"
            view = page.evaluate(BUILD, strategy)
            types = [card["type"] for section in view["sections"] for card in section["cards"]]
            assert {"custom:pbx-phone-card", "custom:pbx-office-card"} <= set(types)
            views += 1
            continue
        kind = str(block["type"]).removeprefix("custom:")
        page.evaluate(SHOW, [kind, block])
        expect(page.locator(f"body > {kind}").get_by_text(MY_NAME).first).to_be_visible()
        cards += 1
    assert (cards, views) == (2, 1)
    page.close()
