"""A telephone system added, reconfigured and given its new password by hand, in a real browser.

The demo's Home Assistant is shared; the telephone system is another one, which speaks TLS with its own certificate. By
its name this file comes before those that connect a large office: a page with two hundred devices is drawn anew for
seconds, and what is opened on it meanwhile is gone.
"""

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from tests.e2e.conftest import Demo

pytestmark = pytest.mark.timeout(300)

LOGIN, PASSWORD, NEXT_PASSWORD = "oxe1000", "secret", "another"
PATIENT = 60_000

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


def begin(page: Page, row: Locator, flow: str) -> None:
    """Begin a flow from the menu of an entry; the page draws its rows anew when an entity comes, and drops a click."""
    for _ in range(6):
        row.get_by_role("button", name="Menu").first.click()
        row.get_by_text(flow, exact=True).first.click()
        try:
            page.get_by_role("dialog").first.wait_for(timeout=PATIENT / 6)
        except Error:
            page.keyboard.press("Escape")
        else:
            return


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).last.click()


def shown(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENT)


def test_add_reconfigure_and_reauthenticate(page: Page, demo: Demo, pbx: Elsewhere) -> None:
    # which system, then which account
    press(page, "OK")
    page.get_by_text("Alcatel-Lucent Enterprise, through O2G").click()
    page.get_by_text("Your own account: shows and controls your own line.").click()

    # the account, with a password that is wrong at first; the certificate is asked for once
    field(page, "Address").fill(pbx.simulator.url)
    field(page, "User name").fill(LOGIN)
    field(page, "Password").fill("wrong")
    press(page, "Submit")
    shown(page, "Do you know this certificate?")
    shown(page, "aiopbx simulator")
    page.get_by_text("The fingerprint is that of my server: accept").click()
    shown(page, "The server does not accept this user name and password.")
    expect(field(page, "Address")).to_have_value(pbx.simulator.url, timeout=PATIENT)
    field(page, "Password").fill(PASSWORD)
    press(page, "Submit")
    shown(page, "Name and assign")
    expect(field(page, "Device name").last).to_have_value("Alice Martin", timeout=PATIENT)
    page.get_by_role("button", name="finish").click()
    shown(page, "PBX Call Control")

    # another connection for the same account
    page.goto(address(demo, "integration/pbx"))
    row = page.locator("ha-config-entry-row").filter(has_text=LOGIN)
    begin(page, row, "Reconfigure")
    expect(field(page, "User name")).to_have_value(LOGIN, timeout=PATIENT)
    expect(field(page, "Password")).to_have_value("", timeout=PATIENT)
    field(page, "Password").fill(PASSWORD)
    expect(field(page, "Address of the secondary server")).not_to_be_visible(timeout=PATIENT)
    for _ in range(5):  # a page that is being drawn drops clicks
        page.get_by_text("Network", exact=True).click()
        try:
            field(page, "Address of the secondary server").wait_for(timeout=PATIENT / 5)
        except Error:
            continue
        break
    expect(field(page, "Address of the secondary server")).to_be_visible(timeout=PATIENT)
    press(page, "Submit")
    shown(page, "Reconfiguration was successful")
    press(page, "Close")

    # a password that the telephone system no longer accepts
    pbx.run(pbx.change_password())
    page.goto(address(demo, "dashboard"))
    asking = page.locator("ha-config-flow-card").filter(has_text=LOGIN)
    asking.get_by_role("button", name="Reconfigure").click()
    shown(page, f"Enter the current password of {LOGIN} on")
    field(page, "Password").fill(PASSWORD)
    press(page, "Submit")
    shown(page, "The server does not accept this user name and password.")
    field(page, "Password").fill(NEXT_PASSWORD)
    press(page, "Submit")
    shown(page, "Re-authentication was successful")
    press(page, "Close")
    expect(asking).to_have_count(0, timeout=PATIENT)
