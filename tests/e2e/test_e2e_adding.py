"""A telephone system added, reconfigured and given its new password by hand, in a real browser.

The demo's Home Assistant is shared; the telephone system is another one, which speaks TLS with its own certificate. By
its name this file comes before those that connect a large office: a page with two hundred devices is drawn anew for
seconds, and what is opened on it meanwhile is gone.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from tests.e2e.conftest import Demo

pytestmark = pytest.mark.timeout(400)

LOGIN, PASSWORD, NEXT_PASSWORD = "oxe1000", "secret", "another"
PATIENT, SOON = 60_000, 15_000
TRIES = 6

REMOVE = """async (login) => {
    const hass = document.querySelector("home-assistant").hass;
    for (const entry of await hass.callWS({type: "config_entries/get", domain: "pbx"}))
        if (entry.title.includes(login)) await hass.callApi("DELETE", "config/config_entries/entry/" + entry.entry_id);
}"""


class Elsewhere:
    """A simulated PBX in a loop of its own, beside the browser's."""

    def __init__(self) -> None:
        """Start it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator")
        self._thread.start()
        self.simulator: Simulator = self.run(self._made())

    async def _made(self) -> Simulator:
        simulator = Simulator(SimulatorSettings(tls=True))
        await simulator.start()
        return simulator

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Run something in its loop."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    async def change_password(self) -> None:
        """Know the account by another password, and end all sessions."""
        account = self.simulator.accounts.get(LOGIN)
        assert account is not None
        account.password = NEXT_PASSWORD
        await self.simulator.restart(abrupt=True)

    def stop(self) -> None:
        """Stop it."""
        self.run(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def pbx() -> Iterator[Elsewhere]:
    elsewhere = Elsewhere()
    yield elsewhere
    elsewhere.stop()


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Open the page that adds this integration, and leave nothing of what was added."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(PATIENT)
    page.goto(address(demo, "dashboard/add?domain=pbx"))
    yield page
    page.evaluate(REMOVE, LOGIN)
    page.close()


def address(demo: Demo, path: str) -> str:
    return re.sub(r"/office-phones.*", f"/config/integrations/{path}", demo.url)


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name)


def insist(act: Callable[[], None], outcome: Locator) -> None:
    """Act until what comes of it is seen: a page that is being drawn anew drops clicks, and what was typed."""
    for _ in range(TRIES):
        if outcome.is_visible():  # of the try before, on a slow machine
            return
        with suppress(
            Error, AssertionError
        ):  # a button that is gone meanwhile: its click was taken, or all of it is drawn anew
            act()
        with suppress(Error):
            outcome.wait_for(timeout=PATIENT / 4)
            return
    expect(outcome).to_be_visible()


def begin(page: Page, row: Locator, flow: str) -> None:
    """Begin a flow from the menu of an entry."""

    def open_menu() -> None:
        page.keyboard.press("Escape")
        row.get_by_role("button", name="Menu").first.click(timeout=SOON)
        row.get_by_text(flow, exact=True).first.click(timeout=SOON)

    insist(open_menu, page.get_by_role("dialog").first)


def choose(page: Page, what: str, outcome: str) -> None:
    insist(lambda: page.get_by_text(what).first.click(timeout=SOON), text(page, outcome))


def press(page: Page, name: str, outcome: str) -> None:
    insist(lambda: page.get_by_role("button", name=name).last.click(timeout=SOON), text(page, outcome))


def submit(page: Page, values: dict[str, str], outcome: str) -> None:
    """Fill in a form and submit it, until what comes of it is seen."""

    def act() -> None:
        for name, value in values.items():
            field(page, name).fill(value, timeout=SOON)
        for name, value in values.items():
            expect(field(page, name)).to_have_value(value, timeout=SOON)
        page.get_by_role("button", name="Submit").last.click(timeout=SOON)

    insist(act, text(page, outcome))


def text(page: Page, what: str) -> Locator:
    return page.get_by_text(what).first


def shown(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENT)


def test_add_reconfigure_and_reauthenticate(page: Page, demo: Demo, pbx: Elsewhere) -> None:
    # which system, then which account
    press(page, "OK", "Alcatel-Lucent Enterprise, through O2G")
    mine = "Your own account: shows and controls your own line."
    choose(page, "Alcatel-Lucent Enterprise, through O2G", mine)
    choose(page, mine, "User name")

    # the account, with a password that is wrong at first; the certificate is asked for once
    accept = "The fingerprint is that of my server: accept"
    refused = "The server does not accept this user name and password."
    submit(page, {"Address": pbx.simulator.url, "User name": LOGIN, "Password": "wrong"}, accept)
    shown(page, "Do you know this certificate?")
    shown(page, "aiopbx simulator")
    choose(page, accept, refused)
    expect(field(page, "Address")).to_have_value(pbx.simulator.url, timeout=PATIENT)
    submit(page, {"Password": PASSWORD}, "Name and assign")
    expect(field(page, "Device name").last).to_have_value("Alice Martin", timeout=PATIENT)
    press(page, "finish", "PBX Call Control")

    # another connection for the same account
    page.goto(address(demo, "integration/pbx"))
    row = page.locator("ha-config-entry-row").filter(has_text=LOGIN)
    begin(page, row, "Reconfigure")
    expect(field(page, "User name")).to_have_value(LOGIN, timeout=PATIENT)
    expect(field(page, "Password")).to_have_value("", timeout=PATIENT)
    secondary = field(page, "Address of the secondary server")
    expect(secondary).not_to_be_visible(timeout=PATIENT)
    insist(lambda: page.get_by_text("Network", exact=True).click(timeout=SOON), secondary)
    done = "Reconfiguration was successful"
    submit(page, {"Password": PASSWORD}, done)

    # a password that the telephone system no longer accepts
    pbx.run(pbx.change_password())
    page.goto(address(demo, "dashboard"))
    asking = page.locator("ha-config-flow-card").filter(has_text=LOGIN)
    asks = f"Enter the current password of {LOGIN} on"
    insist(lambda: asking.get_by_role("button", name="Reconfigure").click(timeout=PATIENT), text(page, asks))
    submit(page, {"Password": PASSWORD}, refused)
    submit(page, {"Password": NEXT_PASSWORD}, "Re-authentication was successful")
    expect(asking).to_have_count(0, timeout=PATIENT)
