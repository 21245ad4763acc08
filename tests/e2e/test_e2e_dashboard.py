"""What a person sees and does on the dashboard, in a real browser on the real Home Assistant."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Demo

pytestmark = pytest.mark.timeout(180)

# Two lines that the scenario leaves to whoever tries the demo.
MINE, MY_NAME, MY_NUMBER = "oxe1018", "Reception Demo", "1018"
OTHER, OTHER_NAME, OTHER_NUMBER = "oxe1019", "Meeting Room", "1019"

RED, ORANGE = "rgb(244, 67, 54)", "rgb(255, 152, 0)"


def until(condition: Callable[[], object], what: str, timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def tile(page: Page, name: str, state: str) -> Locator:
    """Return the tile of a person that shows this state."""
    return page.locator("hui-tile-card").filter(has_text=name).filter(has_text=state)


def colour(button: Locator) -> str:
    """Return the colour of a button's icon."""
    return str(button.locator("ha-state-icon").evaluate("icon => getComputedStyle(icon).color"))


def dial(page: Page, number: str) -> None:
    field = page.get_by_role("textbox", name="Number").first
    field.fill(number)
    field.press("Tab")
    page.wait_for_timeout(300)
    page.get_by_text("Dial", exact=True).first.click()


def test_it_opens_without_a_login_on_everybody(dashboard: Page) -> None:
    assert "/office-phones" in dashboard.url
    for name in ("Ada Brooks", "Rosa Santos", MY_NAME, OTHER_NAME):
        expect(dashboard.locator("hui-tile-card:visible").filter(has_text=name).first).to_be_visible()


def test_do_not_disturb(dashboard: Page, demo: Demo) -> None:
    """Flipped on the dashboard, seen in the simulated PBX, and back."""
    before = demo.user(OTHER)["do_not_disturb"]
    button = dashboard.get_by_role("button", name=f"DND {OTHER_NAME}").first
    off = colour(button)
    button.click()
    until(lambda: demo.user(OTHER)["do_not_disturb"] is not before, "the PBX has it")
    until(lambda: colour(button) == RED, "the button strikes the eye")
    button.click()
    until(lambda: demo.user(OTHER)["do_not_disturb"] is before, "and no longer")
    until(lambda: colour(button) == off != RED, "the button is grey again")


def test_forward(dashboard: Page, demo: Demo) -> None:
    """Switched on where a number was given, seen in the simulated PBX, and off again."""
    field = dashboard.get_by_role("textbox", name="Forward to").first
    field.fill(OTHER_NUMBER)
    field.press("Tab")
    expect(field).to_have_value(OTHER_NUMBER)
    button = dashboard.get_by_role("button", name=f"Forward {MY_NAME}").first
    dashboard.wait_for_timeout(300)
    button.click()
    until(lambda: demo.user(MINE)["forward"], "the PBX has it")
    until(lambda: colour(button) == ORANGE, "the button strikes the eye")
    button.click()
    until(lambda: demo.user(MINE)["forward"] is None, "and no longer")


def test_dial_answer_and_hang_up(dashboard: Page, demo: Demo) -> None:
    """From the dial field to the other line's pop-up; the on-air light is on meanwhile."""
    dial(dashboard, OTHER_NUMBER)
    until(lambda: demo.user(OTHER)["calls"], "the PBX has the call")
    expect(tile(dashboard, OTHER_NAME, "Ringing").first).to_be_visible(timeout=20_000)
    expect(dashboard.get_by_text(f"Incoming call · {OTHER_NAME}")).to_be_visible()
    dashboard.locator("hui-tile-card").filter(has_text="Answer").first.click()
    expect(tile(dashboard, MY_NAME, f"In a call · {OTHER_NAME}").first).to_be_visible(timeout=20_000)
    expect(tile(dashboard, OTHER_NAME, f"In a call · {MY_NAME}").first).to_be_visible()
    expect(dashboard.locator("hui-tile-card").filter(has_text="On air").filter(has_text="On").first).to_be_visible()
    dashboard.locator("hui-tile-card").filter(has_text="Hang up").first.click()
    expect(tile(dashboard, MY_NAME, "Idle").first).to_be_visible(timeout=20_000)
    until(lambda: not demo.user(MINE)["calls"], "the PBX has no call of the line any more")
    expect(dashboard.get_by_text(f"Incoming call · {OTHER_NAME}")).to_have_count(0)


def test_a_line_rings_from_the_page_of_phones(browser: Browser, dashboard: Page, demo: Demo) -> None:
    """Somebody calls at a telephone; the dashboard shows it without being touched, and hangs up."""
    phones = browser.new_page(viewport={"width": 1600, "height": 1400})
    phones.goto(demo.phones_url)
    outside = phones.get_by_role("form", name="Call from outside")
    outside.get_by_label("Name").fill("Pine Bakery")
    outside.get_by_label("To").fill(MY_NUMBER)
    outside.get_by_role("button", name="Ring").click()
    expect(tile(dashboard, MY_NAME, "Ringing").first).to_be_visible(timeout=20_000)
    expect(dashboard.get_by_text(f"Incoming call · {MY_NAME}")).to_be_visible()
    expect(dashboard.get_by_text("Pine Bakery").first).to_be_visible()
    dashboard.locator("hui-tile-card").filter(has_text="Answer").first.click()
    expect(tile(dashboard, MY_NAME, "In a call").first).to_be_visible(timeout=20_000)
    calls = phones.get_by_label("Calls of the outside world").get_by_role("listitem")
    calls.filter(has_text="Pine Bakery").get_by_role("button", name="Hang up").click()
    until(lambda: not demo.user(MINE)["calls"], "the call is over")
    expect(tile(dashboard, MY_NAME, "Idle").first).to_be_visible(timeout=20_000)
    phones.close()
