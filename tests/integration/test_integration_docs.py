"""Every block of YAML in the pages on automations, loaded and run in the office of the demo, after a restart too."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, load_scenario
from tests.integration.helpers import WORDS, until, until_state
from tests.integration.house import settle
from tests.integration.test_integration_blueprints import ADA, BEN, STATE, Home

PAGES = Path(__file__).parents[2] / "docs" / "home-assistant"
OURS = re.compile(r"\b(?:binary_sensor|button|event|notify|select|sensor|switch|text)\.[a-z0-9_]+")
# What the pages take from other integrations, which tests and readers put in its place.
OTHERS = {"notify.persistent_notification"}


def blocks(page: str) -> list[Any]:
    """Return what stands in the blocks of YAML of a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    found = [parse_yaml(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert len(found) == text.count("```yaml"), "a block is not closed"
    return found


def strings(node: Any) -> Iterator[str]:
    """Return every text in a block."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("action", "trigger", "condition", "platform"):
                yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


@pytest.fixture
def settings() -> SimulatorSettings:
    """The office of the demo, in which nothing happens by itself."""
    return SimulatorSettings(users=tuple(person.spec() for person in load_scenario("office").users))


@pytest.fixture
async def house(simulator: Simulator, hass_storage: dict[str, Any]) -> AsyncIterator[Home]:
    """The house, with Ada's telephone at the reception and Ben's labelled."""
    home = Home(simulator, hass_storage)
    async with home.phone, home:
        await home.known()
        devices, entry = dr.async_get(home.hass), home.entry
        area = ar.async_get(home.hass).async_create("Reception")
        label = lr.async_get(home.hass).async_create("Sales")
        assert (area.id, label.label_id) == ("reception", "sales")
        for login, changes in ((ADA, {"area_id": area.id}), (BEN, {"labels": {label.label_id}})):
            device = devices.async_get_device_by_identifier(entry.runtime_data.identifier(login), entry.entry_id)
            assert device is not None
            devices.async_update_device(device.id, **changes)
        yield home


async def test_what_the_pages_name_exists_in_the_demo(house: Home) -> None:
    registry = er.async_get(house.hass)
    named = {
        entity_id
        for page in ("triggers", "conditions", "actions", "examples", "blueprints", "card")
        for block in blocks(page)
        for text in strings(block)
        for entity_id in OURS.findall(text)
    } - OTHERS
    assert len(named) >= 3
    missing = [entity_id for entity_id in named if registry.async_get(entity_id) is None]
    assert not missing


async def test_triggers_and_conditions(house: Home) -> None:
    """The trigger fires for a missed call at the reception, and not elsewhere; the condition holds while sales talk."""
    triggers = [one for block in blocks("triggers") for one in block["triggers"]]
    conditions = [one for block in blocks("conditions") for one in block["conditions"]]
    assert (len(triggers), len(conditions)) == (1, 1)
    fired = async_mock_service(house.hass, "test", "fired")
    asked = async_mock_service(house.hass, "test", "asked")
    ask = {"trigger": "event", "event_type": "ask"}
    await house.use(
        automation=[
            {"alias": "Triggers", "triggers": triggers, "actions": [{"action": "test.fired"}]},
            {"alias": "Conditions", "triggers": [ask], "conditions": conditions, "actions": [{"action": "test.asked"}]},
        ]
    )
    await house.missed()
    await until(lambda: fired)
    house.hass.bus.async_fire("ask")
    await settle()
    assert not asked
    call = house.simulator.switch.incoming_external("+15550123", "1001")
    house.simulator.switch.answer(BEN, call.ref, "1001")
    await until_state(house.hass, "sensor.ben_castillo_call_state", "active")
    house.hass.bus.async_fire("ask")
    await until(lambda: asked)
    house.simulator.switch.external_hang_up(call.ref)
    await until_state(house.hass, "sensor.ben_castillo_call_state", "idle")
    assert len(fired) == 1


async def test_actions(house: Home) -> None:
    """Each block is a step, or steps, of a script; what it answers with is there."""
    steps = [step for block in blocks("actions") for step in block.get("actions", [block])]
    assert [step["action"] for step in steps] == [
        "pbx.set_forward", "pbx.get_call_log", "notify.persistent_notification", "pbx.call_operation",
    ]  # fmt: skip
    call = house.simulator.switch.incoming_external("+15550123", "1001", "Pine Bakery")
    house.simulator.switch.external_hang_up(call.ref)
    answers = async_mock_service(house.hass, "test", "answered")
    tell = {"action": "test.answered", "data": {"status": "{{ answer.status }}", "operation": "{{ answer.operation }}"}}
    await house.use(script={"actions": {"sequence": [*steps, tell]}})
    await house.hass.services.async_call("script", "actions", blocking=True)
    assert house.said[0].strip() == "Ben Castillo: Pine Bakery"
    assert house.forward == "voicemail"
    assert answers[0].data == {"status": 200, "operation": "user"}


async def test_every_example_after_a_restart(house: Home) -> None:
    """All of the page at once: what came during the restart is made up for, and everything goes on as before."""
    switch = house.simulator.switch
    config: dict[str, Any] = {"automation": [], "script": {}}
    for block in blocks("examples"):
        assert set(block) <= set(config)
        config["automation"] += block.get("automation", [])
        config["script"] |= block.get("script", {})
    assert [len(config["automation"]), len(config["script"])] == [5, 1]
    house.set("person.ada", "home")
    house.set("light.on_air", "off")
    await house.use(**config)
    said = house.said
    await house.talks()
    await until(lambda: said)
    said.clear()
    await until(lambda: house.states["light.on_air"] == "on")
    await house.stop()
    house.drop()
    call = switch.make_call(BEN, "1001", "1000", auto_answer=True)
    switch.overflow_to_voicemail(BEN, call.ref)
    switch.drop(BEN, call.ref)
    await house.again()
    await until(lambda: house.states["light.on_air"] == "off", "the call ended during the restart")
    await until(lambda: said, "the voicemail came during the restart")
    assert said == ["1 unread voicemails."]
    ref = await house.rings()
    await until(lambda: len(said) == 2)
    assert said[1].strip() == "+15550123 calls Ada Brooks."
    switch.external_hang_up(ref)
    await house.idle()
    house.set("person.ada", "not_home")
    await until(lambda: house.forward == "0015550123")
    await until_state(house.hass, "switch.ada_brooks_forward", "on")
    house.set("person.ada", "home")
    await until(lambda: house.forward is None)
    await house.hass.services.async_call("script", "turn_on", {"entity_id": "script.call_the_gate"}, blocking=True)
    await until_state(house.hass, STATE, "ringing_outgoing")
    switch.answer("oxe1003", next(iter(switch.calls)), "1003")
    await until_state(house.hass, "script.call_the_gate", "off")
    assert switch.calls, "it was answered in time"
    house.drop()
    assert len(said) == 2


def test_every_field_of_the_forms_is_explained() -> None:
    """By its name in the form: accounts, and all options with their sections."""
    page = "".join((PAGES / name).read_text(encoding="utf-8").casefold() for name in ("parameters.md", "bridge.md"))
    steps = [*WORDS["config"]["step"].values(), *WORDS["options"]["step"].values()]
    forms = [form for step in steps for form in (step, *step.get("sections", {}).values())]
    labels = {label for form in forms for label in form.get("data", {}).values()}
    assert len(labels) > 30
    assert sorted(label for label in labels if label.casefold() not in page) == []


def test_every_blueprint_is_explained() -> None:
    page = (PAGES / "blueprints.md").read_text(encoding="utf-8")
    files = {path.name for path in (PAGES.parents[1] / "blueprints" / "automation" / "pbx").glob("*.yaml")}
    assert files == set(re.findall(r"`(\w+\.yaml)`", page))


def test_every_picture_is_made_by_the_script() -> None:
    """A picture that the script does not make grows old."""
    made = (PAGES.parents[1] / "scripts" / "run_pictures.py").read_text(encoding="utf-8")
    pictures = {path.stem for path in PAGES.parent.glob("*.png")}
    assert pictures == {name for name in pictures if f'"{name}":' in made}
    shown = {name for page in PAGES.glob("*.md") for name in re.findall(r"\.\./([\w-]+)\.png", page.read_text())}
    assert shown == pictures
