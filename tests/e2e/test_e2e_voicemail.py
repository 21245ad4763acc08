"""A voicemail, from the caller who leaves it to the player: Chromium in the media browser of Home Assistant."""

import re
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page

from tests.e2e.conftest import Demo

pytestmark = pytest.mark.timeout(180)

MINE, MY_NAME, MY_NUMBER = "oxe1018", "Reception Demo", "1018"
OFFICE = "Office"  # what the demo calls its telephone system
CALLER, CALLER_NAME = "oxe1019", "Meeting Room"
SECONDS = 5


def act(demo: Demo, login: str, what: str, **body: Any) -> None:
    answer = httpx.post(demo.phones_url.replace("/phones", f"/simulator/phones/{login}/{what}"), json=body)
    assert answer.is_success, answer.text


def ref_of(demo: Demo, login: str) -> str:
    deadline = time.monotonic() + 20
    while not (calls := demo.user(login)["calls"]):
        assert time.monotonic() < deadline, "there is no call"
        time.sleep(0.05)
    return str(calls[0]["ref"] if isinstance(calls[0], dict) else calls[0])


def leave_a_message(demo: Demo) -> None:
    act(demo, CALLER, "dial", number=MY_NUMBER)
    ref = ref_of(demo, CALLER)
    act(demo, CALLER, "call", ref=ref, action="voicemail")
    time.sleep(SECONDS)  # what is said takes its time
    act(demo, CALLER, "call", ref=ref, action="hang_up")


def shown(page: Page, text: re.Pattern[str]) -> Locator:
    """Return what shows this text; tooltips have it, too, and show nothing."""
    return page.locator(".title").filter(has_text=text).locator("visible=true").first


# The browser player of the media browser has an audio element of its own, outside the page: it is kept to be looked at.
KEEP = "const Real = Audio; window.Audio = function(...given) { return window.playing = new Real(...given); };"
LENGTH = """new Promise(done => playing.duration ? done(playing.duration)
    : playing.addEventListener('loadedmetadata', () => done(playing.duration)))"""
SEEK = """new Promise((done, failed) => {
    playing.addEventListener('error', () => failed(playing.error.message));
    playing.addEventListener('timeupdate', () => playing.currentTime > 2.2 && done(playing.currentTime));
    playing.muted = true; playing.currentTime = 2; playing.play(); })"""


def test_a_voicemail_plays_in_the_browser(dashboard: Page, demo: Demo) -> None:
    leave_a_message(demo)
    base = re.match(r"https?://[^/]+", demo.url)
    assert base is not None
    dashboard.add_init_script(KEEP)
    dashboard.goto(f"{base[0]}/media-browser/browser")
    shown(dashboard, re.compile(r"^\s*Voicemails\s*$")).click()
    # where tests before have connected another system, there is a level of systems
    system, line = re.compile(rf"^\s*{OFFICE}\s*$"), re.compile(rf"^\s*{MY_NAME} \(\d+ new\)\s*$")
    first = shown(dashboard, re.compile(f"{system.pattern}|{line.pattern}"))
    if system.match(first.inner_text()):
        first.click()
    shown(dashboard, line).click()
    shown(dashboard, re.compile(rf"^\s*New: {CALLER_NAME}")).click()
    dashboard.wait_for_function("window.playing")
    length = float(dashboard.evaluate(LENGTH))
    assert SECONDS - 1 <= length <= SECONDS + 2
    # it can be sought in, which it could not without ranges, and it plays on from there
    assert 2.2 < float(dashboard.evaluate(SEEK)) <= length
