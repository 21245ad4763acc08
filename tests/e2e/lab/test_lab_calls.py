"""Calls in the real JupyterLab: dialled, answered by the other side, held, and hung up by clicking and by keyboard."""

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from .conftest import Lab, LabPage

CELLS = (
    """from aiopbx.simulator import Simulator, SimulatorSettings
from notebooks_kit import CallPanel, DialPad, RoutingPanel, connect

office = Simulator(SimulatorSettings())
await office.start()
pbx = await connect(url=office.url, username="admin", password="admin")
line = pbx.line("1000")""",
    "CallPanel(line)",
    "DialPad(line)",
    "RoutingPanel(line)",
    """ref = next(iter(office.switch.calls))
office.switch.answer("oxe1001", ref, "1001")""",
    'office.switch.set_dnd("oxe1000", False)',
    "office.switch.calls[ref].dtmf",
    """await pbx.close()
await office.stop()""",
)
ANSWER, DND_OFF, TONES, CLOSE = 4, 5, 6, 7


def begin(lab: "Lab", name: str) -> "LabPage":
    page = lab.open(lab.write(name, *CELLS))
    for index in range(ANSWER):
        page.run_cell(index)
    return page


def test_a_call_by_clicking(lab: "Lab") -> None:
    page = begin(lab, "calls-by-mouse.ipynb")
    calls, pad = page.view("calls"), page.view("dial")
    expect(calls).to_contain_text("No calls at the moment.")
    for key in "1001":
        page.button(key, pad).click()
    expect(page.field("Number", pad)).to_have_value("1001")
    page.button("Dial", pad).click()
    row = calls.get_by_role("group", name="Call to Bob Keller (1001)")
    state = row.get_by_role("status")
    expect(state).to_have_text("ringing outgoing")
    expect(page.button("Hold", calls)).to_be_hidden()
    page.run_cell(ANSWER)
    expect(state).to_have_text("active")
    expect(calls.get_by_role("timer")).to_have_text("00:02")
    page.button("5", pad).click()
    page.button("#", pad).click()
    expect(pad).to_contain_text("The keys send tones: 5#")
    page.run_cell(TONES)
    expect(page.cell(TONES)).to_contain_text("[('oxe1000', '5'), ('oxe1000', '#')]")
    page.button("Hold", calls).click()
    expect(state).to_have_text("held")
    page.screenshot("calls-held-light")
    page.theme("dark")
    page.screenshot("calls-held-dark")
    page.button("Retrieve", calls).click()
    expect(state).to_have_text("active")
    page.button("Hang up", calls).click()
    expect(state).to_have_text("ended")
    expect(calls.get_by_role("button")).to_have_count(0)
    expect(page.button("Redial 1001", pad)).to_be_enabled()
    page.run_cell(CLOSE)
    page.close()


def test_a_call_by_keyboard(lab: "Lab") -> None:
    page = begin(lab, "calls-by-keyboard.ipynb")
    calls, pad = page.view("calls"), page.view("dial")
    keyboard = page.page.keyboard
    page.field("Number", pad).focus()
    keyboard.type("1001")  # faster than the page tells the kernel
    keyboard.press("Enter")
    state = calls.get_by_role("group", name="Call to Bob Keller (1001)").get_by_role("status")
    expect(state).to_have_text("ringing outgoing")
    page.run_cell(ANSWER)
    expect(state).to_have_text("active")
    page.button("Hold", calls).focus()
    keyboard.press("Enter")
    expect(state).to_have_text("held")
    # the button that was pressed has gone, and the focus is with those that are there now
    expect(calls.locator("button:focus")).to_have_count(1)
    page.button("Retrieve", calls).focus()
    keyboard.press("Space")
    expect(state).to_have_text("active")
    page.button("Transfer to …", calls).focus()
    keyboard.press("Enter")
    expect(page.field("Number", calls)).to_be_focused()
    keyboard.type("not a number")
    keyboard.press("Enter")
    expect(calls.get_by_role("alert")).to_contain_text("cannot be dialled")
    page.field("Number", calls).fill("1002")
    keyboard.press("Enter")
    expect(state).to_have_text("transferred")
    expect(calls.get_by_role("alert")).to_have_count(0)
    page.run_cell(CLOSE)
    page.close()


def test_do_not_disturb_is_flipped_and_seen(lab: "Lab") -> None:
    page = begin(lab, "routing.ipynb")
    routing = page.view("routing")
    switch = page.field("Do not disturb", routing)
    expect(switch).not_to_be_checked()
    switch.click()
    expect(routing.get_by_role("status")).to_have_text("Calls are refused.")
    expect(switch).to_be_checked()
    page.run_cell(DND_OFF)  # by another user
    expect(routing.get_by_role("status")).to_have_text("Calls ring here.")
    expect(switch).not_to_be_checked()
    page.field("Forward number", routing).fill("1002")
    page.button("Set forward", routing).click()
    expect(routing.get_by_role("status")).to_have_text("Calls go to 1002.")
    page.button("Cancel forward", routing).click()
    expect(routing.get_by_role("status")).to_have_text("Calls ring here.")
    page.run_cell(CLOSE)
    page.close()
