"""The dashboard of the demo's Istra, in a real browser: the office, one person's messages, caller ID and telephone."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, running
from tests.e2e.test_e2e_dashboard import MINE, MY_NAME, MY_NUMBER, OTHER, OTHER_NAME, OTHER_NUMBER, dial, tile, until

pytestmark = pytest.mark.timeout(180)

TERMINAL = "SIP generic device"
CALLER, CALLER_NAME = "0015550101", "Pine Bakery"


@pytest.fixture(scope="module")
def istra(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the demo of Istra."""
    with running(tmp_path_factory.mktemp("istra"), "--system", "istra") as started:
        yield started


@pytest.fixture
def page(browser: Browser, istra: Demo) -> Iterator[Page]:
    """Open its dashboard."""
    page = browser.new_page(viewport={"width": 1440, "height": 1500})
    page.goto(istra.url)
    page.get_by_text("Ada Brooks").first.wait_for(timeout=60_000)
    yield page
    page.close()


def outside(demo: Demo, what: str, **body: str) -> None:
    """Do what somebody outside does."""
    answer = httpx.post(demo.phones_url.replace("/phones", f"/simulator/phones/outside/{what}"), json=body)
    answer.raise_for_status()


def test_it_shows_what_istra_has(page: Page) -> None:
    """Everybody's line, the three connections, counters and caller ID; nothing that is not there."""
    for name in ("Ada Brooks", "Rosa Santos", MY_NAME, OTHER_NAME, TERMINAL):
        expect(page.locator("hui-tile-card:visible").filter(has_text=name).first).to_be_visible()
    for interface in ("myRCC", "myCrm", "myIstra"):
        badge = page.locator("hui-entity-badge").filter(has_text=interface)
        expect(badge.filter(has_text="Connected")).to_be_visible()
    for counter in ("Missed", "Voicemails", "Texts"):
        expect(page.locator("hui-tile-card").filter(has_text=counter).first).to_be_visible()
    expect(page.get_by_text("What others see when you call")).to_be_visible()
    expect(page.get_by_text("not found")).to_have_count(0)
    expect(page.get_by_role("button", name="DND")).to_have_count(0)


def test_dial_lift_the_receiver_and_hang_up(page: Page, istra: Demo) -> None:
    """The own telephone rings first; then the other one; the terminal of myCrm shows the same call."""
    dial(page, OTHER_NUMBER)
    until(lambda: istra.user(MINE)["calls"], "the switch has the call")
    expect(tile(page, MY_NAME, "Dialing").first).to_be_visible(timeout=20_000)
    page.locator("hui-tile-card").filter(has_text="Answer").first.click()
    expect(tile(page, OTHER_NAME, "Ringing").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text(f"Incoming call · {OTHER_NAME}")).to_be_visible()
    page.locator("hui-tile-card").filter(has_text="Answer").first.click()
    for name in (MY_NAME, TERMINAL):
        expect(tile(page, name, f"In a call · {OTHER_NAME}").first).to_be_visible(timeout=20_000)
    page.locator("hui-tile-card").filter(has_text="Hang up").first.click()
    for name in (MY_NAME, TERMINAL, OTHER_NAME):
        expect(tile(page, name, "Idle").first).to_be_visible(timeout=20_000)
    until(lambda: not istra.user(OTHER)["calls"], "the switch has no call of the line any more")


def test_a_missed_call_is_counted(page: Page, istra: Demo) -> None:
    before = istra.user(MINE)["counters"]["missed_calls"]
    outside(istra, "ring", to=MY_NUMBER, name=CALLER_NAME, **{"from": CALLER})
    expect(page.get_by_text(f"Incoming call · {MY_NAME}")).to_be_visible(timeout=20_000)
    expect(page.get_by_text(CALLER_NAME).first).to_be_visible()
    [call] = istra.user(MINE)["calls"]
    outside(istra, "call", ref=call["ref"], number=CALLER, action="hang_up")
    missed = page.locator("hui-tile-card").filter(has_text="Missed")
    expect(missed.filter(has_text=f"{before + 1} call").first).to_be_visible(timeout=20_000)


def test_the_caller_id(page: Page, istra: Demo) -> None:
    """Typed on the dashboard, seen in the switch; and the usual one again."""
    field = page.get_by_role("textbox", name="Number").nth(1)
    usual = field.input_value()
    field.fill("+1 555 0199")
    field.press("Tab")
    until(lambda: istra.user(MINE)["caller_id"] == "+15550199", "the switch shows the number")
    expect(field).to_have_value("+15550199")
    choice = page.locator("hui-select-entity-row").locator("ha-select")
    choice.click()
    expect(page.get_by_role("menuitem", name="Chosen number")).to_be_visible()
    page.get_by_role("menuitem", name="From presence").click()
    until(lambda: istra.user(MINE)["caller_id"] is None, "the usual number is shown again")
    expect(field).to_have_value(usual)
