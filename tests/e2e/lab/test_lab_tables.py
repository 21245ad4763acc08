"""The call log, the voicemails and the explorer of the wire in the real JupyterLab, by clicking, in light and dark."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Lab, LabPage

# Somebody else has called and left a message before the notebook looks.
OFFICE = """
import asyncio
from notebooks_kit import ApiExplorer, CallLogTable, VoicemailPlayer, connect, demo
pbx = await connect(scenario="quiet")
switch = demo(pbx).simulator.switch
line = next(iter(pbx.lines.values()))
others = [each for each in pbx.lines.values() if each is not line]
for other in others[:3]:
    call = switch.make_call(other.id, other.number, line.number, auto_answer=True)
    await asyncio.sleep(0.1)
    switch.drop(other.id, call.ref)
for other in others[:2]:
    call = switch.make_call(other.id, other.number, line.number, auto_answer=True)
    switch.overflow_to_voicemail(other.id, call.ref)
    await asyncio.sleep(1.2)
    switch.drop(other.id, call.ref)
"""


@pytest.fixture
def page(lab: "Lab") -> "LabPage":
    notebook = lab.write(
        "tables.ipynb",
        OFFICE,
        "table = CallLogTable(line)\ntable",
        "player = VoicemailPlayer(line)\nplayer",
        "explorer = ApiExplorer(pbx)\nexplorer",
        "table.close(); player.close(); explorer.close(); await pbx.close()",
    )
    opened = lab.open(notebook)
    for index in range(4):
        opened.run_cell(index)
    return opened


def pictures(page: "LabPage", name: str, kind: str) -> None:
    for theme in ("light", "dark"):
        page.theme(theme)
        page.view(kind).scroll_into_view_if_needed()
        page.view(kind).screenshot(path=page.screenshot(f"{name}-{theme}"))
    page.theme("light")


def test_calls_are_marked_deleted_and_dialled_by_clicking(page: "LabPage") -> None:
    table = page.view("log")
    expect(table.get_by_role("status")).to_contain_text("5 calls")
    pictures(page, "call-log", "log")
    missed = table.get_by_role("checkbox", name="missed").first
    missed.check()
    expect(page.button("Mark as seen", table)).to_be_enabled()
    page.button("Mark as seen", table).click()
    expect(table.get_by_text("missed, seen")).to_have_count(1)
    page.button("Delete 1 …", table).click()
    expect(table.get_by_role("alert")).to_contain_text("for good")
    page.button("Delete for good", table).click()
    expect(table.get_by_role("status")).to_contain_text("4 calls")
    page.field("Find", table).fill("nobody is called so")
    expect(table.get_by_role("status")).to_contain_text("0 of 4 calls")
    page.run_cell(4)
    expect(page.view("log")).to_have_count(0)
    page.close()


def test_a_voicemail_is_heard_in_the_page(page: "LabPage") -> None:
    player = page.view("voicemail")
    expect(player.get_by_role("status").first).to_contain_text("2 messages · 2 new")
    player.get_by_role("button", name="Hear").first.click()
    audio = player.locator("audio")
    expect(audio).to_be_visible()
    page.page.wait_for_function(
        "() => { const a = document.querySelector('.pbx-voicemail audio'); return a && a.duration > 0.5; }"
    )
    expect(player.get_by_role("status").first).to_contain_text("1 new")
    pictures(page, "voicemail", "voicemail")
    page.run_cell(4)
    page.close()


def search(page: "LabPage", words: str, first: str) -> "Locator":
    """Search for an operation, and return it once the list begins with it.

    It was in the list of everything, too: a click before the list is the new one would be on another place of it.
    """
    explorer = page.view("explorer")
    page.field("Search", explorer).fill(words)
    option = explorer.get_by_label("Operation", exact=True).get_by_role("option").first
    expect(option).to_contain_text(first)
    return option


def test_a_request_is_made_by_clicking(page: "LabPage") -> None:
    explorer = page.view("explorer")
    search(page, "find a user", "find_user")
    search(page, "make_call", "make_call").click()
    expect(page.button("Send", explorer)).to_be_disabled()
    page.field("deviceId *", explorer).fill("1000")
    page.field("callee", explorer).fill("1001")
    page.field("loginName", explorer).fill("oxe1000")
    page.field("pin", explorer).fill("471147")
    page.field("secretCode", explorer).fill("081508")
    explorer.get_by_label("acdCall", exact=True).check()
    pictures(page, "explorer-form", "explorer")
    explorer.get_by_label("acdCall", exact=True).uncheck()  # it does not go with a private call
    page.field("I confirm: this may change something", explorer).check()
    page.button("Send", explorer).click()
    expect(explorer.get_by_text("after").first).to_be_visible()
    expect(explorer.locator("pre").first).to_contain_text('"pin": "***"')
    pictures(page, "explorer-answer", "explorer")
    page.run_cell(4)
    page.close()
