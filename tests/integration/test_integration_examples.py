"""The examples of the documentation, run in the demo's office, through a loss and a restart."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.pbx.aiopbx import Target
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, SwitchError, load_scenario
from tests.integration.automations import come_back, go_away, lose, reload
from tests.integration.helpers import administrator, make_entry, set_up, until, until_state

ROOT = Path(__file__).parents[2]
ADA, BEN = "oxe1000", "oxe1001"
SENSOR = "binary_sensor.ada_brooks_on_a_call"


@pytest.fixture
async def simulator(loopback: None) -> AsyncIterator[Simulator]:
    """The office of the demo, in which nothing happens by itself."""
    users = tuple(person.spec() for person in load_scenario("office").users)
    async with Simulator(SimulatorSettings(users=users)) as running:
        yield running
        # Calls in progress are ended, because the switch keeps a timer for each of them.
        for ref in list(running.switch.calls):
            with suppress(SwitchError):
                running.switch.external_hang_up(ref)
        for login in running.switch.users:
            for call in running.switch.calls_of(login):
                with suppress(SwitchError):
                    running.switch.drop(login, call.ref)


@pytest.fixture
async def entry(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """The office, once all of it is known."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    await known(entry)
    return entry


async def known(entry: MockConfigEntry) -> None:
    """Wait until the forward and the counters of Ada are known."""
    lines = entry.runtime_data.data
    await until(lambda: lines[ADA].described and lines[ADA].routing and lines[ADA].counters.voicemails is not None)


def examples() -> dict[str, list[Any]]:
    """Return the automations and scripts of the page."""
    page = (ROOT / "docs" / "home-assistant" / "examples.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {"automation": [], "script": {}}
    for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        config: Any = parse_yaml(block)
        found["automation"] += config.get("automation", [])
        found["script"] |= config.get("script", {})
    return found


@pytest.fixture
async def running(home: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """The examples, set up in the office."""
    config = examples()
    assert len(config["automation"]) == 5
    home.states.async_set("person.ada", "home")
    for domain, items in config.items():
        assert await async_setup_component(home, domain, {domain: items})
    await home.async_block_till_done()
    assert all(state.state == "on" for state in home.states.async_all("automation"))
    return entry


def forward(entry: MockConfigEntry) -> str | None:
    """Return where Ada is forwarded to."""
    routing = entry.runtime_data.data[ADA].routing
    if routing is None or routing.forward is None:
        return None
    return "voicemail" if routing.forward.target is Target.VOICEMAIL else str(routing.forward.number)


async def talking(hass: HomeAssistant, simulator: Simulator) -> str:
    """Let Ada talk."""
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(hass, "sensor.ada_brooks_call_state", "ringing_incoming")
    simulator.switch.answer(ADA, call.ref, "1000")
    await until_state(hass, SENSOR, "on")
    await hass.async_block_till_done()
    return str(call.ref)


async def test_on_air(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    on, off = async_mock_service(home, "light", "turn_on"), async_mock_service(home, "light", "turn_off")
    items = [one for one in examples()["automation"] if one["alias"] == "On air"]
    assert await async_setup_component(home, "automation", {"automation": items})
    ref = await talking(home, simulator)
    assert (len(on), len(off)) == (1, 0)
    await lose(home, simulator, entry)
    await reload(home, entry)
    await until_state(home, SENSOR, "on")
    await home.async_block_till_done()
    assert not off, "it stays on in the middle of a call"
    simulator.switch.drop(ADA, ref)
    await until(lambda: off)
    assert off[-1].data["entity_id"] == ["light.on_air"]
    ref = await talking(home, simulator)
    await go_away(home, simulator, entry)
    before = len(off)
    simulator.switch.drop(ADA, ref)
    assert len(off) == before
    await come_back(home, simulator, entry)
    await until(lambda: len(off) > before, "the call ended meanwhile")


async def test_who_is_calling(home: HomeAssistant, simulator: Simulator, running: MockConfigEntry) -> None:
    said = async_mock_service(home, "notify", "persistent_notification")
    await lose(home, simulator, running)
    assert not said
    simulator.switch.incoming_external("+15550123", "1000")
    await until(lambda: said)
    assert said[0].data["message"].strip() == "+15550123 calls Ada Brooks."


async def test_new_voicemail(home: HomeAssistant, simulator: Simulator, running: MockConfigEntry) -> None:
    said = async_mock_service(home, "notify", "persistent_notification")
    await lose(home, simulator, running)
    await go_away(home, simulator, running)
    call = simulator.switch.make_call(BEN, "1001", "1000", auto_answer=True)
    simulator.switch.overflow_to_voicemail(BEN, call.ref)
    simulator.switch.drop(BEN, call.ref)
    await come_back(home, simulator, running)
    await until(lambda: said)
    await reload(home, running)
    await known(running)
    await home.async_block_till_done()
    assert [one.data["message"] for one in said] == ["1 unread voicemails."]


async def test_forward_when_away(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    home.states.async_set("person.ada", "home")
    config = examples()["automation"]
    assert await async_setup_component(home, "automation", {"automation": config})
    await home.async_block_till_done()
    home.states.async_set("person.ada", "not_home")
    await until(lambda: forward(entry) == "0015550123")
    for latitude in (1, 2):
        home.states.async_set("person.ada", "not_home", {"latitude": latitude})
    await lose(home, simulator, entry)
    await known(entry)
    home.states.async_set("person.ada", "home")
    await until(lambda: forward(entry) is None)
    # By hand, to someone else: it stays, at every position and when coming home.
    await entry.runtime_data.pbx.lines[ADA].set_forward("1002")
    await until(lambda: forward(entry) == "1002")
    for place in ("not_home", "Work", "home"):
        home.states.async_set("person.ada", place)
        await home.async_block_till_done()
    assert forward(entry) == "1002"


async def test_the_script_dials_and_hangs_up(
    home: HomeAssistant, simulator: Simulator, running: MockConfigEntry
) -> None:
    await lose(home, simulator, running)
    await home.services.async_call("script", "turn_on", {"entity_id": "script.call_the_gate"}, blocking=True)
    await until_state(home, "sensor.ada_brooks_call_state", "ringing_outgoing")
    call = next(iter(simulator.switch.calls.values()))
    simulator.switch.answer("oxe1003", call.ref, "1003")
    await until_state(home, "script.call_the_gate", "off")
    assert simulator.switch.calls, "it was answered in time"
    simulator.switch.drop(ADA, call.ref)
