"""The console as a whole in the real JupyterLab: every tab in light and dark, a killed server, names and keyboard."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Locator

    from .conftest import Lab, LabPage, Theme
    from .simulated_pbx import Server

TABS = (
    "Board",
    "Routing",
    "Directory",
    "Call log",
    "Voicemail",
    "Agent",
    "Timeline",
    "Ladder",
    "Load",
    "Events",
    "Wire",
)

# ------------------------------------------------------------------------------------------- a server that is killed


def test_a_killed_server_is_shown_and_comes_back(lab: Lab, server: Server) -> None:
    page = lab.open(
        lab.write(
            "killed.ipynb",
            "from notebooks_kit import Console, ConnectionPanel",
            'panel = ConnectionPanel(then=lambda pbx: Console(pbx, line="1018"))\npanel',
        )
    )
    page.run_all()
    console, panel = page.view("console"), page.view("connection")
    page.field("Address", panel).fill(f"http://127.0.0.1:{server.port}")
    page.field("Login", panel).fill("admin")
    page.field("Password", panel).fill("admin")
    page.button("Connect", panel).click()
    expect(panel.locator(".pbx-status").first).to_have_text("online")
    page.field("Number", console).fill("1012")
    page.field("Number", console).press("Enter")
    page.wait_state("1018", "ringing outgoing")
    expect(page.button("Hang up", console)).to_be_visible()

    server.kill()
    expect(console.locator(".pbx-board").get_by_role("status")).to_contain_text("what you see may be outdated")
    expect(page.button("Hang up", console)).to_be_hidden()
    expect(console.locator(".pbx-calls")).to_contain_text("what you see may be outdated")
    expect(page.button("Dial", console)).to_be_disabled()
    expect(panel.locator(".pbx-status").first).to_contain_text("offline")
    expect(console.locator(".pbx-console-status")).to_contain_text("offline")
    page.view("console").scroll_into_view_if_needed()
    page.screenshot("killed-light")
    page.theme("dark")
    page.screenshot("killed-dark")
    # what is tried nevertheless is refused in words, and nothing hangs
    page.field("Number", console).fill("1012")
    page.field("Number", console).press("Enter")
    expect(console.locator(".pbx-dial").get_by_role("alert")).to_contain_text("connection")
    page.page.get_by_role("tab", name="Routing", exact=True).click()
    expect(page.field("Do not disturb", console)).to_be_disabled()
    page.page.get_by_role("tab", name="Board", exact=True).click()

    server.start()
    expect(console.locator(".pbx-console-status")).to_have_count(0, timeout=60_000)
    expect(console.locator(".pbx-board").get_by_role("status")).not_to_contain_text("outdated")
    expect(panel.locator(".pbx-status").first).to_have_text("online", timeout=60_000)
    page.wait_state("1018", "idle")  # the new server knows nothing of the call
    expect(page.button("Dial", console)).to_be_enabled()
    page.field("Number", console).fill("1012")
    page.field("Number", console).press("Enter")
    page.wait_state("1018", "ringing outgoing")
    page.button("Hang up", console).click()
    page.wait_state("1018", "idle")
    page.button("Disconnect", panel).click()
    expect(console).to_have_count(0)
    page.close()


# ------------------------------------------------------------------------------------------------ every tab, to be seen

CENTRE = """from notebooks_kit import *
from notebooks_kit import demo
pbx = await connect(scenario="call-centre")
office = demo(pbx)
line = next(each for each in pbx.lines.values() if each.agent is not None)
other = next(each for each in pbx.lines.values() if each.agent is None and each is not line)
outside = office.outsider("0015550100", "Ada Brooks")
"""
BUSY = """import asyncio
switch = office.simulator.switch
for _ in range(2):
    call = switch.make_call(other.id, other.number, line.number, auto_answer=True)
    switch.overflow_to_voicemail(other.id, call.ref)
    await asyncio.sleep(1.1)
    switch.drop(other.id, call.ref)
call = switch.make_call(other.id, other.number, line.number, auto_answer=True)
switch.answer(line.id, call.ref, line.number)
"""


def test_every_tab_of_the_console_in_light_and_dark(lab: Lab) -> None:
    page = lab.open(lab.write("whole.ipynb", CENTRE, BUSY, "Console(pbx, line=line.id)", "await pbx.close()"))
    for index in range(3):
        page.run_cell(index)
    console = page.view("console")
    page.page.set_viewport_size({"width": 1500, "height": 1150})
    for theme in ("light", "dark"):
        page.theme(theme)
        for tab in TABS:
            console.get_by_role("tab", name=tab, exact=True).click()
            page.page.wait_for_timeout(600)
            expect(console.locator(".pbx-problem")).to_have_count(0)
            console.scroll_into_view_if_needed()
            console.screenshot(path=page.screenshot(f"tab-{tab.lower().replace(' ', '-')}-{theme}"))
    page.run_cell(3)
    page.close()


# -------------------------------------------------------------------------------------------------- names and keyboard

VIEWS = {
    "connection": "ConnectionPanel()",
    "board": "LineBoard(pbx, on_choose=lambda line: None)",
    "calls": "CallPanel(line)",
    "dial": "DialPad(line)",
    "routing": "RoutingPanel(line)",
    "agent": "AgentPanel(line)",
    "directory": "DirectorySearch(pbx, line)",
    "log": "CallLogTable(line)",
    "voicemail": "VoicemailPlayer(line)",
    "timeline": "CallTimeline(pbx)",
    "ladder": "CallLadder(pbx)",
    "load": "LoadHeatMap(pbx)",
    "explorer": 'ApiExplorer(pbx, operation="make_call")',
    "events": "EventLog(pbx, filter='nothing is called so')",
    "console": "Console(pbx, line=line.id)",
}
_CONTROLS = "button, input, select, textarea, summary, audio, [tabindex], [role=tab], a[href]"
# What belongs to this view and no other inside it, can be seen, and is not disabled.
_FIND = (
    """(kind) => {
      const view = document.querySelector('.pbx-' + kind);
      return [...view.querySelectorAll('"""
    + _CONTROLS
    + """')].filter(each => each.closest('.pbx-view') === view && each.checkVisibility({visibilityProperty: true}));
    }"""
)


def named(session: CDPSession, kind: str) -> list[tuple[str, str]]:
    """Role and name of every control of a view, as Chromium itself gives them to a screen reader."""
    found = session.send("Runtime.evaluate", {"expression": f"({_FIND})({kind!r})"})["result"]["objectId"]
    properties = session.send("Runtime.getProperties", {"objectId": found, "ownProperties": True})["result"]
    controls = []
    for each in properties:
        if not each["name"].isdigit():
            continue
        tree = session.send(
            "Accessibility.getPartialAXTree", {"objectId": each["value"]["objectId"], "fetchRelatives": False}
        )
        node: dict[str, Any] = tree["nodes"][0]
        if node.get("ignored"):
            continue
        controls.append((node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "").strip()))
    return controls


def walk(page: LabPage, view: Locator, kind: str) -> tuple[set[int], set[int]]:
    """Go through a view with the Tab key; which of its controls were reached, and which ones should be."""
    script = f"""() => {{
      const all = ({_FIND})({kind!r}).filter(each => !each.disabled && each.tabIndex >= 0
        && !(each.type === 'radio') && each.tagName !== 'AUDIO');
      window.reached = new Set();
      window.wanted = all;
      window.note = () => {{
        const index = all.indexOf(document.activeElement);
        if (index >= 0) window.reached.add(index);
        return index;
      }};
      if (all.length) all[0].focus();
      return all.length;
    }}"""
    count = page.page.evaluate(script)
    inside = view.evaluate("view => view.querySelectorAll('button, input, select, textarea, summary').length")
    last, stuck = page.page.evaluate("window.note()"), 0
    for _ in range(4 * inside + 40):
        if page.page.evaluate("window.reached.size") == count:
            break
        page.page.keyboard.press("Tab")
        now = page.page.evaluate("window.note()")
        stuck = stuck + 1 if now == last and now >= 0 else 0
        assert stuck < 20, f"{kind}: the keyboard does not leave {now}"
        last = now
    return set(page.page.evaluate("[...window.reached]")), set(range(count))


@contextmanager
def opened(lab: Lab, name: str) -> Iterator[LabPage]:
    page = lab.open(lab.write(name, CENTRE, BUSY, *VIEWS.values(), "await pbx.close()"))
    try:
        yield page
    finally:
        page.close()


@pytest.mark.timeout(300)
def test_every_control_has_a_name_of_its_own_and_the_keyboard_reaches_it(lab: Lab) -> None:
    wrong: list[str] = []
    with opened(lab, "names.ipynb") as page:
        page.run_cell(0)
        page.run_cell(1)
        session = page.page.context.new_cdp_session(page.page)
        session.send("Accessibility.enable")
        for index, kind in enumerate(VIEWS, 2):
            page.run_cell(index)
            view = page.view(kind)
            expect(view).to_be_visible()
            page.page.wait_for_timeout(500)
            names = named(session, kind)
            assert names or kind == "load", kind
            wrong += [f"{kind}: a {role} has no name" for role, name in names if not name and role != "generic"]
            twice = collections.Counter(each for each in names if each[1])
            wrong += [f"{kind}: {count} of {role} {name!r}" for (role, name), count in twice.items() if count > 1]
            reached, wanted = walk(page, view, kind)
            missed = page.page.evaluate(
                "indexes => indexes.map(index => window.wanted[index].outerHTML.slice(0, 120))",
                sorted(wanted - reached),
            )
            wrong += [f"{kind}: the keyboard does not reach {each}" for each in missed]
            # away with it: the next view is looked at alone
            page.command("notebook:clear-cell-output")
            expect(view).to_have_count(0)
        page.run_cell(len(VIEWS) + 2)
    assert not wrong, "\n".join(wrong)


def test_tabs_switches_and_buttons_by_keyboard(lab: Lab) -> None:
    page = lab.open(lab.write("keys.ipynb", CENTRE, "Console(pbx, line=other.id)", "await pbx.close()"))
    page.run_cell(0)
    page.run_cell(1)
    console, keyboard = page.view("console"), page.page.keyboard
    board = console.get_by_role("tab", name="Board", exact=True)
    board.focus()
    keyboard.press("ArrowRight")
    routing = console.get_by_role("tab", name="Routing", exact=True)
    expect(routing).to_be_focused()
    keyboard.press("Enter")
    expect(routing).to_have_attribute("aria-selected", "true")
    switch = page.field("Do not disturb", console)
    switch.focus()
    keyboard.press("Space")
    expect(console.locator(".pbx-routing").get_by_role("status")).to_have_text("Calls are refused.")
    keyboard.press("Space")
    expect(console.locator(".pbx-routing").get_by_role("status")).not_to_have_text("Calls are refused.")
    routing.focus()
    keyboard.press("ArrowLeft")
    keyboard.press("Space")
    expect(board).to_have_attribute("aria-selected", "true")
    choose = console.locator(".pbx-board").get_by_role("button").filter(has_text="10").first
    choose.focus()
    number = choose.inner_text()
    keyboard.press("Enter")
    expect(console.locator(".pbx-console-head")).to_contain_text(number)
    page.run_cell(2)
    page.close()


def test_a_ladder_keeps_its_place_while_it_grows(lab: Lab) -> None:
    page = lab.open(
        lab.write("ladder.ipynb", CENTRE, BUSY, "CallLadder(pbx, height='12em')", BUSY, "await pbx.close()")
    )
    for index in range(4):
        page.run_cell(index)
    ladder = page.view("ladder")
    steps = ladder.get_by_role("status")
    expect(steps).to_have_text(re.compile(r"\d{2} steps"))
    scroll = ladder.locator(".pbx-ladder-scroll")
    scroll.focus()
    scroll.evaluate("box => { box.scrollTop = -box.scrollHeight; box.scrollLeft = 40; }")
    before, top = steps.inner_text(), scroll.evaluate("box => box.scrollTop")
    expect(steps).not_to_have_text(before)
    expect(scroll).to_be_focused()
    assert scroll.evaluate("box => box.scrollLeft") == 40
    assert top < 0
    assert scroll.evaluate("box => box.scrollTop") < 0, "the picture went back to its end"
    page.screenshot("ladder-light")
    page.run_cell(4)
    page.close()


# --------------------------------------------------------------------------------------------------------------- Istra

ISTRA = """import asyncio
from notebooks_kit import *
from aiopbx.simulator import Simulator, SimulatorSettings
office = Simulator(SimulatorSettings(istra=True))
await office.start()
call = office.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
office.switch.overflow_to_voicemail("oxe1001", call.ref)
await asyncio.sleep(2.2)
office.switch.drop("oxe1001", call.ref)
me = {"url": office.istra_url, "username": "oxe1000", "password": "secret"}
user = await connect(system="myistra", **me)
crm = await connect(system="mycrm", **me)
rcc = await connect(system="myrcc", url=office.istra_url, enterprise="example", username="admin", password="admin")
assert [each.status for each in (user, crm, rcc)] == ["online"] * 3, "one has closed another"
"""
END = "for each in (user, crm, rcc):\n    await each.close()\nawait office.stop()"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_console_on_istra(lab: Lab, theme: Theme) -> None:
    page = lab.open(
        lab.write(f"istra-{theme}.ipynb", ISTRA, "Console(user)", "Console(crm)", "Console(rcc, line='1000')", END),
        theme,
    )
    for index in range(4):
        page.run_cell(index)
    mine, crm, rcc = (page.view("console", nth) for nth in range(3))
    for name, console, absent in (
        ("user", mine, "directory, agent, timeline and load."),
        ("crm", crm, "routing, directory, call log, voicemail and agent."),
        ("rcc", rcc, "routing, directory, call log, voicemail and agent."),
    ):
        expect(console.get_by_text(f"Not on this connection: {absent}")).to_be_visible()
        console.scroll_into_view_if_needed()
        console.screenshot(path=page.screenshot(f"istra-{name}-{theme}"))
    # a line without a number is named in full
    choose = page.button("SIP generic device", crm)
    assert choose.evaluate("button => button.scrollWidth <= button.clientWidth"), "the name is cut off"
    mine.get_by_role("tab", name="Voicemail", exact=True).click()
    player = mine.locator(".pbx-voicemail")
    for choice in ("ogg", "mp4", "au"):
        page.field("Format", player).select_option(choice)
        page.button("Hear 1", player).click()
        expect(player.get_by_role("status").filter(has_text="it is heard as ogg")).to_have_count(int(choice == "au"))
        page.page.wait_for_function(
            "() => { const audio = document.querySelector('.pbx-voicemail audio'); return audio?.duration > 1; }"
        )
    mine.screenshot(path=page.screenshot(f"istra-voicemail-{theme}"))
    page.button("Mark as heard", player).click()
    expect(page.button("Mark as new", player)).to_be_visible()
    page.field("Number", rcc).fill("1001")
    page.field("Number", rcc).press("Enter")
    expect(rcc.locator(".pbx-call-state")).to_have_text(re.compile("dialing|ringing outgoing"))
    page.run_cell(4)
    page.close()
