"""The cards of the large office on a page of Home Assistant, and what the tests of them share."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Error, Locator, Page, expect

from tests.e2e.large_office import ME, LargeOffice

PICTURES: Final = Path(__file__).resolve().parents[2] / ".tools" / "screenshots"
PATH: Final = "large-office"
STRATEGY: Final = {
    "type": "custom:pbx-office",
    "lines": ["binary_sensor.large_office_connection"],
    "phone": ["sensor.agnes_abel_call_state"],
}
CONTROLS: Final = frozenset(
    ("button", "textbox", "searchbox", "combobox", "listbox", "option", "checkbox", "switch", "spinbutton")
) | {"link", "radio", "slider", "tab", "alertdialog", "dialog"}
FOREIGN: Final = Path(__file__).with_name("foreign_words.js").read_text(encoding="utf-8")


def until(condition: Callable[[], object], what: str, timeout: float = 40) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Cards:
    """The page, the cards on it, and the switch behind them."""

    def __init__(self, page: Page, office: LargeOffice) -> None:
        self.page = page
        self.office = office
        self.phone = page.locator("pbx-phone-card:visible")
        self.board = page.locator("pbx-office-card:visible")
        self.errors: list[str] = []
        # On a machine that does other things as well, it takes its time.
        page.set_default_timeout(60_000)
        expect.set_options(timeout=30_000)
        page.on("pageerror", self._note)

    def _note(self, error: Error) -> None:
        """Keep an error of our own files; those of Home Assistant's are not for us to mend."""
        if "/pbx-card/" in (error.stack or ""):
            self.errors.append(error.stack or "")

    # -------------------------------------------------------------------------------------------------- Home Assistant

    def ask(self, type_: str, **fields: Any) -> Any:
        """Send a command to Home Assistant, over the page's own connection."""
        ask = "message => document.querySelector('home-assistant').hass.callWS(message)"
        return self.page.evaluate(ask, {"type": type_, **fields})

    def go(self, path: str) -> None:
        """Go to another page of Home Assistant, without loading all of it again."""
        self.page.evaluate(
            "path => { history.pushState(null, '', path); window.dispatchEvent(new Event('location-changed')); }", path
        )

    def press(self, button: Locator, opens: Locator) -> None:
        """Press a button of Home Assistant's until what it opens is there: a page that is being drawn drops clicks."""
        for _ in range(5):
            button.click()
            with suppress(Error):
                opens.first.wait_for(timeout=12_000)
                return
        expect(opens.first).to_be_visible()

    def make_dashboard(self) -> None:
        self.page.wait_for_function("document.querySelector('home-assistant')?.hass?.connection?.connected === true")
        self.ask("lovelace/dashboards/create", url_path=PATH, title="Large office", mode="storage")
        self.ask("lovelace/config/save", url_path=PATH, config={"strategy": STRATEGY})

    def language(self, language: str) -> None:
        """Choose the language, as the page of one's own profile does."""
        self.page.evaluate(
            """language => document.querySelector("home-assistant").dispatchEvent(
                new CustomEvent("hass-language-select", { detail: language }))""",
            language,
        )

    def open(self) -> None:
        self.go(f"/{PATH}/office")
        expect(self.board.get_by_text("Bruno Bell")).to_be_visible(timeout=60_000)
        expect(self.phone.get_by_role("combobox", name="Name or number")).to_be_visible()

    def leave(self) -> None:
        """Hang everything up, and leave nothing open."""
        self.office.quiet()
        self.page.set_viewport_size({"width": 1440, "height": 1100})
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        until(lambda: not self.office.calls(ME), "everything is hung up")
        # What a test that failed has left open would be in the way of all that follow.
        for _ in range(self.page.locator("dialog:modal").count()):
            self.page.keyboard.press("Escape")
        # Each page of the dashboard is made anew, with empty fields and closed panels.
        self.go("/profile")
        expect(self.board).to_have_count(0)
        assert self.errors == []

    # -------------------------------------------------------------------------------------------------------- the calls

    def call(self, name: str) -> Locator:
        """Return what the card shows of the call with someone."""
        return self.phone.locator(".call").filter(has=self.page.locator(".party", has_text=name))

    def take_call(self, name: str = "Pine Bakery") -> tuple[str, Locator]:
        """Let someone call from outside, and answer on the card; return the reference of the call, and its row."""
        ref = self.office.ring(ME, name)
        row = self.call(name)
        row.get_by_role("button", name="Answer").click()
        expect(row.get_by_role("button", name="Hold")).to_be_visible()
        return ref, row

    def picture(self, name: str) -> None:
        """Keep what it looks like, for someone to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    # ---------------------------------------------------------------------------------------------------- accessibility

    def unnamed(self) -> list[str]:
        """Return the controls of our cards that a screen reader has no name for."""
        session = self.page.context.new_cdp_session(self.page)
        found = []
        for card in ("pbx-phone-card", "pbx-office-card", "pbx-popup"):
            for node in self._tree(session, card):
                role, name = node["role"]["value"], node.get("name", {}).get("value", "")
                if role in CONTROLS and not node["ignored"] and not name.strip():
                    found.append(f"{card}: a {role} without a name")
        session.detach()
        return found

    def foreign_words(self, language: str, others: set[str]) -> list[str]:
        """Return what our cards say in another language: texts and labels of which this one has other words."""
        return list(self.page.evaluate(FOREIGN, [language, sorted(others)]))

    def _tree(self, session: Any, card: str) -> list[dict[str, Any]]:
        """Return all of a card, as Chromium tells screen readers."""
        element = self.page.locator(f"{card}:visible").first
        if not element.is_visible():
            return []
        element.evaluate("element => { window.inspected = element; }")
        handle = session.send("Runtime.evaluate", {"expression": "window.inspected"})["result"]["objectId"]
        answer = session.send("Accessibility.queryAXTree", {"objectId": handle})
        nodes: list[dict[str, Any]] = answer["nodes"]
        assert len(nodes) > 1, f"{card} is empty to screen readers"
        return nodes
