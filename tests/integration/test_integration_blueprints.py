"""The blueprints in the office of the demo: each through a loss of the connection and a restart of Home Assistant."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, load_scenario
from tests.integration.helpers import act, administrator, state_of, until, until_state
from tests.integration.house import House, Phone, settle

ROOT = Path(__file__).parents[2]
BLUEPRINTS = ROOT / "blueprints" / "automation" / "pbx"
ADA, BEN = "oxe1000", "oxe1001"
STATE, SENSOR = "sensor.ada_brooks_call_state", "binary_sensor.ada_brooks_on_a_call"
QUIET, FORWARD = "switch.ada_brooks_do_not_disturb", "switch.ada_brooks_forward"
CONNECTION = "binary_sensor.office_connection"


@pytest.fixture
def settings() -> SimulatorSettings:
    """The office of the demo, in which nothing happens by itself."""
    return SimulatorSettings(users=tuple(person.spec() for person in load_scenario("office").users))


# What the services of other integrations do to their entities, in place of lights and players.
EFFECTS = {
    "light.turn_on": "on",
    "light.turn_off": "off",
    "media_player.media_pause": "paused",
    "media_player.media_play": "playing",
}


class Home(House):
    """The house of these tests, with a phone, lights and players."""

    def __init__(self, simulator: Simulator, files: dict[str, Any]) -> None:
        super().__init__(administrator(simulator), files, self._furnish)
        self.simulator = simulator
        self.phone = Phone()
        self.states: dict[str, str] = {}
        self.done: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.phone_id = ""

    async def _furnish(self, hass: HomeAssistant) -> None:
        self.phone_id = await self.phone.register(hass)

        @callback
        def serve(call: ServiceCall) -> None:
            action = f"{call.domain}.{call.service}"
            for entity_id in call.data["entity_id"]:
                self.done.append((action, entity_id))
                self.set(entity_id, EFFECTS[action])

        @callback
        def notify(call: ServiceCall) -> None:
            self.said.append(call.data["message"])

        hass.services.async_register("notify", "persistent_notification", notify)
        for action in EFFECTS:
            hass.services.async_register(*action.split("."), serve)
        for entity_id, state in self.states.items():
            hass.states.async_set(entity_id, state)

    def set(self, entity_id: str, state: str) -> None:
        """Set a state that is none of ours; it is the same after a restart."""
        self.states[entity_id] = state
        self.hass.states.async_set(entity_id, state)

    async def blueprint(self, name: str, **inputs: Any) -> None:
        """Make an automation of a blueprint."""
        path = BLUEPRINTS / f"{name}.yaml"
        made = Blueprint(
            load_yaml_dict(str(path)), path=path.name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
        )
        assert not made.validate()
        filled = BlueprintInputs(made, {"alias": name, "use_blueprint": {"path": path.name, "input": inputs}})
        filled.validate()
        await self.use(automation=[filled.async_substitute()])

    @property
    def ada(self) -> dict[str, str]:
        """Ada's line, as a target."""
        identifier = self.entry.runtime_data.identifier(ADA)
        device = dr.async_get(self.hass).async_get_device_by_identifier(identifier, self.entry.entry_id)
        assert device is not None
        return {"device_id": device.id}

    @property
    def calls(self) -> list[Any]:
        """Ada's calls."""
        return list(self.entry.runtime_data.data[ADA].calls)

    @property
    def forward(self) -> str | None:
        """Where Ada is forwarded to, as the PBX has it."""
        forward = self.simulator.switch.users[ADA].forward
        return None if forward is None else forward.number or forward.target.lower()

    async def known(self) -> None:
        """Wait until everything is known of Ada's line."""
        lines = self.entry.runtime_data.data
        await until(lambda: lines[ADA].described and lines[ADA].routing and lines[ADA].counters.voicemails is not None)
        await settle()

    async def restart(self) -> None:
        """Stop Home Assistant and start it again."""
        await self.stop()
        await self.again()

    async def again(self) -> None:
        """Start Home Assistant again."""
        await self.start()
        await self.known()

    async def loss(self) -> None:
        """Lose the connection to the PBX, and get it back."""
        await self.go_away(self.simulator)
        await self.come_back(self.simulator)

    async def rings(self, caller: str = "+15550123", **how: Any) -> str:
        """Let someone call Ada, and return the reference of the call."""
        call = self.simulator.switch.incoming_external(caller, "1000", **how)
        await until_state(self.hass, STATE, "ringing_incoming")
        return str(call.ref)

    async def talks(self) -> str:
        """Let Ada talk, and return the reference of the call."""
        ref = await self.rings()
        self.simulator.switch.answer(ADA, ref, "1000")
        await until_state(self.hass, STATE, "active")
        await settle()
        return ref

    async def missed(self, caller: str = "+15550123", **how: Any) -> None:
        """Let someone call Ada in vain, whether Home Assistant sees it or not."""
        call = self.simulator.switch.incoming_external(caller, "1000", **how)
        if self.hass.is_running and self.simulator.running:
            await until(lambda: self.calls, "it rings")
        self.simulator.switch.external_hang_up(call.ref)

    async def idle(self) -> None:
        """Wait until Ada has no call."""
        await until_state(self.hass, STATE, "idle")
        await settle()

    def drop(self) -> None:
        """End Ada's calls, whether Home Assistant sees it or not."""
        for call in self.simulator.switch.calls_of(ADA):
            self.simulator.switch.drop(ADA, call.ref)


@pytest.fixture
async def house(simulator: Simulator, hass_storage: dict[str, Any]) -> AsyncIterator[Home]:
    """The house, once everything is known of Ada's line."""
    home = Home(simulator, hass_storage)
    async with home.phone, home:
        await home.known()
        yield home


async def test_missed_call(house: Home) -> None:
    """Told once of each, and the button calls back; that of a notification from before a restart as well."""
    received = house.phone.received
    await house.blueprint("missed_call", lines=house.ada, phone=house.phone_id)
    await house.missed(name="Pine Bakery")
    await until(lambda: received)
    assert (received[0]["title"], received[0]["message"]) == ("Missed call", "Pine Bakery called Ada Brooks.")
    await house.idle()
    house.phone.press(house.hass, received[0])
    await until_state(house.hass, STATE, "ringing_outgoing")
    assert house.calls[0].party.number == "+15550123"
    house.drop()
    await house.idle()
    await house.go_away(house.simulator)
    await house.missed("+15550177")
    house.phone.press(house.hass, received[0])
    await until(lambda: len(received) == 2)
    assert (received[1]["title"], received[1]["message"]) == ("Could not call back", "Ada Brooks: +15550123")
    await house.come_back(house.simulator)
    await until(lambda: len(received) == 3)
    assert received[2]["message"] == "+15550177 called Ada Brooks."
    await house.idle()
    await house.stop()
    await house.missed("+15550188")
    await house.again()
    await until(lambda: len(received) == 4)
    assert received[3]["message"] == "+15550188 called Ada Brooks."
    house.phone.press(house.hass, received[2])
    await until(lambda: house.calls, "it calls back")
    assert house.calls[0].party.number == "+15550177"
    house.drop()
    await house.idle()
    # No number, no button; and the buttons of others are none of ours.
    await house.missed(anonymous=True)
    await until(lambda: len(received) == 5)
    assert received[4]["message"] == "Someone called Ada Brooks."
    assert received[4]["data"]["actions"] == []
    await house.idle()
    for action in ("PBX_CALL_BACK|automation.other|x|tel:1001", 17, None):
        house.hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    house.hass.bus.async_fire("mobile_app_notification_action")
    await settle()
    assert not house.calls
    assert len(received) == 5


async def test_do_not_disturb(house: Home) -> None:
    """It follows the calendar, and makes up for what happened while the PBX or Home Assistant was away."""
    hass = house.hass
    house.set("calendar.ada", "off")
    await house.blueprint("do_not_disturb", source="calendar.ada", switch=QUIET)
    user = house.simulator.switch.users[ADA]
    house.set("calendar.ada", "on")
    await until_state(hass, QUIET, "on")
    await house.loss()
    assert user.do_not_disturb
    await house.go_away(house.simulator)
    house.set("calendar.ada", "unavailable")
    house.set("calendar.ada", "on")
    house.set("calendar.ada", "off")
    await settle()
    await house.come_back(house.simulator)
    await until(lambda: not user.do_not_disturb, "told as soon as it was back")
    await until_state(hass, QUIET, "off")
    await house.stop()
    house.states["calendar.ada"] = "on"
    await house.again()
    await until(lambda: user.do_not_disturb, "the meeting began during the restart")
    await house.stop()
    house.states["calendar.ada"] = "off"
    await house.again()
    await until(lambda: not user.do_not_disturb, "the meeting ended during the restart")


async def test_do_not_disturb_by_presence(house: Home) -> None:
    """Places that do not matter change nothing, whatever was set by hand."""
    house.set("person.ada", "home")
    await house.blueprint("do_not_disturb", source="person.ada", state="Library", switch=QUIET)
    await act(house.hass, "switch.turn_on", QUIET)
    await until_state(house.hass, QUIET, "on")
    for place in ("not_home", "Office", "home"):
        house.set("person.ada", place)
    await settle()
    assert state_of(house.hass, QUIET) == "on"
    house.set("person.ada", "Library")
    house.set("person.ada", "home")
    await until_state(house.hass, QUIET, "off")


async def test_pause_media(house: Home) -> None:
    """What plays is paused and goes on; what someone has stopped, or began to play meanwhile, is left alone."""
    for player, state in (("radio", "playing"), ("tv", "playing"), ("kitchen", "idle")):
        house.set(f"media_player.{player}", state)
    players = [f"media_player.{player}" for player in ("radio", "tv", "kitchen")]
    await house.blueprint("pause_media", lines=[STATE], players=players)
    await house.talks()
    assert sorted(house.done) == [("media_player.media_pause", f"media_player.{player}") for player in ("radio", "tv")]
    house.set("media_player.tv", "off")
    house.done.clear()
    await house.loss()
    assert await house.hass.config_entries.async_reload("office")
    await until_state(house.hass, STATE, "active")
    await settle()
    assert not house.done, "it goes on in silence in the middle of the call"
    await house.go_away(house.simulator)
    house.drop()
    await settle()
    assert not house.done
    await house.come_back(house.simulator)
    await until(lambda: house.done)
    assert house.done == [("media_player.media_play", "media_player.radio")], "the television was switched off"
    house.done.clear()
    await house.talks()
    await house.restart()
    house.set("media_player.kitchen", "playing")
    house.drop()
    await house.idle()
    # What was paused before a restart stays so: nothing begins to play by itself.
    assert house.done == [("media_player.media_pause", "media_player.radio")]
    await house.talks()
    house.drop()
    await until(lambda: ("media_player.media_play", "media_player.kitchen") in house.done, "as before the restart")


async def test_door_call(house: Home) -> None:
    """The phone shows who rings; the button answers, sends the tones and hangs up, and never answers another call."""
    received = house.phone.received
    await house.blueprint(
        "door_call",
        lines=house.ada,
        door="+15550199",
        phone=house.phone_id,
        digits="42#",
        ring=[{"action": "light.turn_on", "target": {"entity_id": "light.door"}}],
    )
    await house.loss()
    await house.missed("+15550123")
    await house.idle()
    assert not received, "someone else"
    assert not house.done
    ref = await house.rings("+15550199")
    await until(lambda: received)
    assert house.done == [("light.turn_on", "light.door")]
    assert (received[0]["title"], received[0]["message"]) == ("Someone is at the door", "Ada Brooks")
    house.phone.press(house.hass, received[0])
    await until_state(house.hass, STATE, "active")
    await until(lambda: tones(house, ref) == [(ADA, "42#")])
    await settle()
    assert house.calls
    async_fire_time_changed(house.hass, dt_util.utcnow() + timedelta(seconds=3))
    await house.idle()
    # An old button, while someone else calls: nothing is answered, and it is said.
    ref = await house.rings("+15550123")
    house.phone.press(house.hass, received[0])
    await pressed_in_vain(house)
    await until(lambda: len(received) == 2)
    assert received[1]["title"] == "The door was not opened"
    assert state_of(house.hass, STATE) == "ringing_incoming"
    house.simulator.switch.external_hang_up(ref)
    await house.idle()
    # It rings while Home Assistant restarts, and someone has taken the receiver.
    ref = await house.rings("+15550199")
    await until(lambda: len(received) == 3)
    house.simulator.switch.answer(ADA, ref, "1000")
    await until_state(house.hass, STATE, "active")
    await house.restart()
    await until_state(house.hass, STATE, "active")
    house.phone.press(house.hass, received[2])
    await until(lambda: tones(house, ref) == [(ADA, "42#")])


def tones(house: Home, ref: str) -> list[tuple[str, str]]:
    """Return the tones that were sent into a call, and by whom."""
    return list(house.simulator.switch.calls[ref].dtmf)


async def pressed_in_vain(house: Home) -> None:
    """Let the time pass in which the call might have been answered."""
    await settle()
    async_fire_time_changed(house.hass, dt_util.utcnow() + timedelta(seconds=6))


async def test_light_while_on_a_call(house: Home) -> None:
    house.set("light.on_air", "off")
    await house.blueprint("light_while_on_a_call", lines=[SENSOR], light={"entity_id": "light.on_air"})
    await house.talks()
    await until(lambda: house.done)
    await house.loss()
    assert await house.hass.config_entries.async_reload("office")
    await until_state(house.hass, SENSOR, "on")
    await settle()
    assert "light.turn_off" not in str(house.done), "it stays on in the middle of a call"
    house.drop()
    await until(lambda: house.states["light.on_air"] == "off")
    await house.talks()
    await house.go_away(house.simulator)
    house.drop()
    await settle()
    assert house.states["light.on_air"] == "on"
    await house.come_back(house.simulator)
    await until(lambda: house.states["light.on_air"] == "off", "the call ended meanwhile")
    await house.talks()
    await house.stop()
    house.drop()
    await house.again()
    await until(lambda: house.states["light.on_air"] == "off", "the call ended during the restart")


async def test_forward_when_away(house: Home) -> None:
    hass = house.hass
    house.set("person.ada", "home")
    await house.blueprint("forward_when_away", person="person.ada", line=FORWARD, number="0015550123")
    house.set("person.ada", "not_home")
    await until(lambda: house.forward == "0015550123")
    for latitude in (1, 2):
        hass.states.async_set("person.ada", "not_home", {"latitude": latitude})
    await house.loss()
    await house.known()
    house.set("person.ada", "home")
    await until(lambda: house.forward is None)
    await until_state(hass, FORWARD, "off")
    # By hand, to someone else: it stays, at every position and when coming home.
    await house.entry.runtime_data.pbx.lines[ADA].set_forward("1002")
    await until_state(hass, FORWARD, "on")
    for place in ("not_home", "Work", "unavailable", "Work", "home"):
        house.set("person.ada", place)
        await settle()
    assert house.forward == "1002"
    await house.entry.runtime_data.pbx.lines[ADA].cancel_forward()
    await until_state(hass, FORWARD, "off")
    await house.go_away(house.simulator)
    house.set("person.ada", "not_home")
    await settle()
    await house.come_back(house.simulator)
    await until(lambda: house.forward == "0015550123", "once the PBX is back")
    await house.stop()
    house.states["person.ada"] = "home"
    await house.again()
    await until(lambda: house.forward is None, "they came home during the restart")
    await house.stop()
    house.states["person.ada"] = "Work"
    await house.again()
    await until(lambda: house.forward == "0015550123", "they left during the restart")


async def test_after_hours_voicemail(house: Home) -> None:
    """Two lines: one has a forward of its own, and keeps it by day and by night."""
    switch = house.simulator.switch
    house.set("schedule.open", "on")
    switch.set_forward(BEN, "1002", condition="IMMEDIATE")
    await until_state(house.hass, "switch.ben_castillo_forward", "on")
    both = {"entity_id": [STATE, "sensor.ben_castillo_call_state"]}
    await house.blueprint("after_hours_voicemail", lines=both, connection=CONNECTION, hours="schedule.open")
    await house.go_away(house.simulator)
    house.set("schedule.open", "off")
    await settle()
    await house.come_back(house.simulator)
    await until(lambda: house.forward == "voicemail")
    house.set("schedule.open", "on")
    await until(lambda: house.forward is None)
    await until_state(house.hass, FORWARD, "off")
    await house.stop()
    house.states["schedule.open"] = "off"
    await house.again()
    await until(lambda: house.forward == "voicemail", "it closed during the restart")
    await until_state(house.hass, FORWARD, "on")
    await house.stop()
    house.states["schedule.open"] = "on"
    await house.again()
    await until(lambda: house.forward is None, "it opened during the restart")
    assert switch.users[BEN].forward.number == "1002"


# ----------------------------------------------------------------------------------------------------- what they say


def test_every_blueprint_is_documented() -> None:
    page = (ROOT / "docs" / "home-assistant" / "blueprints.md").read_text(encoding="utf-8")
    names = {path.name for path in BLUEPRINTS.glob("*.yaml")}
    assert len(names) == 7
    assert names == set(re.findall(r"^\| `(\w+\.yaml)`", page, re.MULTILINE))


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_is_complete(path: Path) -> None:
    """It is described, needs no newer Home Assistant than the integration, and uses all that it asks for."""
    made = Blueprint(
        load_yaml_dict(str(path)), path=path.name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert made.metadata["homeassistant"]["min_version"] == hacs["homeassistant"]
    assert made.metadata["description"].endswith(".")
    text = path.read_text(encoding="utf-8")
    for name, described in made.inputs.items():
        assert described["name"], name
        assert described["selector"], name
        assert f"!input {name}\n" in text, name
