"""The page of phones, clicked by accessible names in a real browser, and what a real client makes of it."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import processes

pytestmark = pytest.mark.timeout(120)

ALICE, BOB = "1000 Alice Martin", "1001 Bob Keller"


class Office:
    """The simulated office and the client that listens to it, in a process of their own."""

    def __init__(self) -> None:
        self.process = processes.start(
            [sys.executable, str(Path(__file__).with_name("office_and_client.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.heard: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.phones_url = str(json.loads(self._lines.get(timeout=30))["phones"])

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def wait_for(self, found: Callable[[dict[str, Any]], bool], what: str, timeout: float = 10) -> dict[str, Any]:
        """Return the first event that fits, of those heard since the last that was waited for."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = json.loads(self._lines.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"not within {timeout} s: {what}; heard {self.heard[-8:]}")
            self.heard.append(event)
            if found(event):
                return event

    def call(self, line: str, state: str, *, event: str = "CallChanged") -> dict[str, Any]:
        """Return the event by which a call of the line came into this state."""
        return self.wait_for(
            lambda told: (told["event"], told["line"], told["state"]) == (event, line, state),
            f"{event} of {line}: {state}",
        )

    def stop(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    try:
        yield office
    finally:
        code = office.stop()
    assert code == 0


@pytest.fixture
def phones(browser: Browser, office: Office) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(office.phones_url)
    expect(page.get_by_role("article", name=f"Phone {ALICE}")).to_be_visible()
    yield page
    page.close()
    # The browser itself notes every answer that refuses something.
    assert not [problem for problem in problems if not problem.startswith("Failed to load resource")]


def key(page: Page, words: str, owner: str, other: str) -> Locator:
    """Return a key of a call, by what a screen reader says."""
    return page.get_by_role("button", name=f"{words}, {owner}, call with {other}")


def ring(page: Page, number: str, name: str) -> None:
    outside = page.get_by_role("form", name="Call from outside")
    outside.get_by_label("Name").fill(name)
    outside.get_by_label("To").fill(number)
    outside.get_by_role("button", name="Ring").click()


def test_ring_answer_hold_retrieve_and_hang_up(phones: Page, office: Office) -> None:
    """The whole life of a call from outside: every click is one step that the client reports."""
    ring(phones, "1000", "Pine Bakery")
    ringing = office.call("1000", "ringing_incoming", event="CallStarted")
    assert ringing["party"] == "Pine Bakery"
    alice = phones.get_by_role("article", name=f"Phone {ALICE}")
    expect(alice.get_by_text("ringing").first).to_be_visible()

    key(phones, "Answer", ALICE, "Pine Bakery").click()
    assert office.call("1000", "active")["call"] == ringing["call"]
    expect(alice.get_by_text("talking").first).to_be_visible()
    key(phones, "Hold", ALICE, "Pine Bakery").click()
    office.call("1000", "held")
    expect(alice.get_by_text("on hold").first).to_be_visible()
    key(phones, "Retrieve", ALICE, "Pine Bakery").click()
    office.call("1000", "active")
    key(phones, "Hang up", ALICE, "Pine Bakery").click()
    ended = office.wait_for(lambda event: event["event"] == "CallEnded", "the end of the call")
    assert (ended["line"], ended["call"], ended["outcome"]) == ("1000", ringing["call"], "answered")
    office.wait_for(lambda event: event["event"] == "LineChanged" and event["state"] == "idle", "the line is idle")
    expect(alice.get_by_text("idle").first).to_be_visible()
    expect(phones.get_by_label("Calls of the outside world").get_by_role("listitem")).to_have_count(0)


def test_the_caller_gives_up(phones: Page, office: Office) -> None:
    ring(phones, "1000", "Pine Bakery")
    office.call("1000", "ringing_incoming", event="CallStarted")
    calls = phones.get_by_label("Calls of the outside world").get_by_role("listitem")
    calls.filter(has_text="Pine Bakery").get_by_role("button", name="Hang up").click()
    ended = office.wait_for(lambda event: event["event"] == "CallEnded", "the end of the call")
    assert ended["outcome"] == "missed"


def test_one_phone_dials_another(phones: Page, office: Office) -> None:
    """The keyboard's way: lift, type, Enter; the other one answers; both lines are told."""
    phones.get_by_role("button", name=f"Lift, {ALICE}").click()
    field = phones.get_by_role("textbox", name=f"Number to dial, {ALICE}")
    field.fill("1001")
    field.press("Enter")
    ringing = office.call("1001", "ringing_incoming", event="CallStarted")
    assert ringing["party"] == "Alice Martin"
    key(phones, "Answer", BOB, "Alice Martin").click()
    both = {office.wait_for(lambda event: event["state"] == "active", "both talk")["line"] for _ in range(2)}
    assert both <= {"1000", "1001"}
    key(phones, "Hang up", BOB, "Alice Martin").click()
    ends = [office.wait_for(lambda event: event["event"] == "CallEnded", "both calls end") for _ in range(2)]
    assert {end["line"] for end in ends} == {"1000", "1001"}
    assert {end["outcome"] for end in ends} == {"answered"}


def test_do_not_disturb_and_a_number_that_is_refused(phones: Page, office: Office) -> None:
    phones.get_by_role("checkbox", name=f"Do not disturb, {ALICE}").check()
    office.wait_for(lambda event: event.get("do_not_disturb") is True, "the client knows")
    phones.get_by_role("checkbox", name=f"Do not disturb, {ALICE}").uncheck()
    office.wait_for(lambda event: event.get("do_not_disturb") is False, "the client knows again")
    ring(phones, "7777", "Pine Bakery")
    expect(phones.get_by_label("Outside world").get_by_role("alert")).to_be_visible()
