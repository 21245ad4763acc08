"""The conditions: each on its own lines, with its fields, and what they say when nothing is known."""

from typing import Any

import msgspec
import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConditionError
from homeassistant.helpers import condition, device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx.aiopbx import Condition, Device, DeviceState, Feature, Forward, Routing, Target
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.condition import CONDITIONS, LineCondition
from tests.integration.automations import come_back, go_away, listen, reload
from tests.integration.helpers import ALICE, BOB, ours, until, until_state

EVERY = "is_on_a_call", "is_ringing", "is_do_not_disturb", "is_forwarded", "is_in_service"


def device(hass: HomeAssistant, entry: MockConfigEntry, line: str) -> str:
    """Return the id of a line's device."""
    found = dr.async_get(hass).async_get_device_by_identifier(entry.runtime_data.identifier(line), entry.entry_id)
    assert found is not None
    return found.id


async def checker(hass: HomeAssistant, name: str, target: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return a condition that can be checked, as Home Assistant makes it."""
    config: dict[str, Any] = {"condition": f"pbx.{name}", "options": options}
    if target is not None:
        config["target"] = target
    valid = await condition.async_validate_condition_config(hass, config)
    return await condition.async_from_config(hass, valid)


async def holds(hass: HomeAssistant, name: str, target: dict[str, Any] | None = None, **options: Any) -> bool:
    """Return whether a condition is true now."""
    made = await checker(hass, name, target, **options)
    result = made.async_check()
    made.async_unload()
    assert isinstance(result, bool)
    return result


@pytest.fixture
async def known(home: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """The office, once everything of its lines is known."""
    lines = entry.runtime_data.data
    await until(lambda: all(line.routing is not None and line.in_service is not None for line in lines.values()))
    await until(lambda: all(line.described and line.routing.do_not_disturb is not None for line in lines.values()))
    return entry


async def test_on_a_call_and_ringing(home: HomeAssistant, simulator: Simulator, known: MockConfigEntry) -> None:
    alice = {"device_id": device(home, known, ALICE)}
    assert not await holds(home, "is_ringing", alice)
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    assert await holds(home, "is_ringing", alice)
    assert await holds(home, "is_ringing"), "any line"
    assert not await holds(home, "is_ringing", behavior="all")
    assert not await holds(home, "is_on_a_call", alice)
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    assert await holds(home, "is_on_a_call", alice)
    simulator.switch.hold(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "held")
    assert await holds(home, "is_on_a_call", alice), "on hold is on a call"
    assert not await holds(home, "is_on_a_call", {"device_id": device(home, known, BOB)})


async def test_do_not_disturb_and_forward(home: HomeAssistant, simulator: Simulator, known: MockConfigEntry) -> None:
    lines = known.runtime_data.data
    for name in ("is_do_not_disturb", "is_forwarded"):
        assert not await holds(home, name)
    simulator.switch.set_dnd(ALICE, True)
    await until(lambda: lines[ALICE].routing.do_not_disturb)
    assert await holds(home, "is_do_not_disturb")
    await known.runtime_data.pbx.lines[ALICE].set_forward("1002", condition=Condition.BUSY)
    await until(lambda: lines[ALICE].routing.forward)
    assert await holds(home, "is_forwarded")
    assert await holds(home, "is_forwarded", to="1002", when="busy")
    assert await holds(home, "is_forwarded", to=["1001", "100?"], when=["busy", "immediate"])
    assert not await holds(home, "is_forwarded", to="1001")
    assert not await holds(home, "is_forwarded", to="1002", when="immediate")
    assert not await holds(home, "is_forwarded", to="voicemail")
    await known.runtime_data.pbx.lines[ALICE].set_forward(target=Target.VOICEMAIL)
    await until(lambda: lines[ALICE].routing.forward.target is Target.VOICEMAIL)
    assert await holds(home, "is_forwarded", to="voicemail")


async def test_in_service(home: HomeAssistant, simulator: Simulator, known: MockConfigEntry) -> None:
    target = {"device_id": device(home, known, "oxe1002")}
    assert await holds(home, "is_in_service", target)
    simulator.switch.set_device_state("1002", "OUT_OF_SERVICE")
    await until(lambda: known.runtime_data.data["oxe1002"].in_service is False)
    assert not await holds(home, "is_in_service", target)


@pytest.mark.parametrize("name", EVERY)
async def test_nothing_is_true_or_false_while_the_pbx_is_away(
    home: HomeAssistant, simulator: Simulator, known: MockConfigEntry, name: str
) -> None:
    """Neither the condition nor its opposite lets an automation run, and both are right again afterwards."""
    made = await checker(home, name, {"device_id": device(home, known, ALICE)})
    before = made.async_check()
    opposite = await condition.async_from_config(
        home,
        await condition.async_validate_condition_config(
            home, {"condition": "not", "conditions": [{"condition": f"pbx.{name}"}]}
        ),
    )
    await go_away(home, simulator, known)
    for one in (made, opposite):
        with pytest.raises(ConditionError, match="not known now"):
            one.async_check()
    await come_back(home, simulator, known)
    await until(lambda: made.async_check() is before, "as it was")
    await home.config_entries.async_unload(known.entry_id)
    for one in (made, opposite):
        with pytest.raises(ConditionError, match="not known now"):
            one.async_check()
    await home.config_entries.async_setup(known.entry_id)
    await home.async_block_till_done()
    snapshot = known.runtime_data.data
    await until(lambda: snapshot[ALICE].routing is not None and snapshot[ALICE].in_service is not None)
    assert made.async_check() is before
    for one in (made, opposite):
        one.async_unload()


async def test_all_works_without_a_single_entity(
    home: HomeAssistant, simulator: Simulator, known: MockConfigEntry
) -> None:
    target = {"entity_id": "switch.alice_martin_do_not_disturb"}
    for item in ours(home):
        er.async_get(home).async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await home.async_block_till_done()
    assert not await holds(home, "is_do_not_disturb", target)
    simulator.switch.set_dnd(ALICE, True)
    await until(lambda: known.runtime_data.data[ALICE].routing.do_not_disturb)
    assert await holds(home, "is_do_not_disturb", target)


async def test_a_target_without_a_line(home: HomeAssistant, known: MockConfigEntry) -> None:
    with pytest.raises(ConditionError, match="no line"):
        await holds(home, "is_ringing", {"entity_id": "light.somewhere"})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("is_on_a_call", {"behavior": "some"}),
        ("is_forwarded", {"to": 1002}),
        ("is_forwarded", {"when": "sometimes"}),
        ("is_ringing", {"from": "1000"}),
    ],
)
async def test_fields_that_mean_nothing_are_refused(home: HomeAssistant, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await checker(home, name, **options)


@pytest.mark.parametrize(
    ("name", "changes", "options"),
    [
        ("is_on_a_call", {"features": frozenset()}, {}),
        ("is_ringing", {"features": frozenset()}, {}),
        ("is_do_not_disturb", {"routing": None}, {}),
        ("is_do_not_disturb", {"routing": Routing()}, {}),
        ("is_forwarded", {"routing": None}, {}),
        ("is_forwarded", {"features": frozenset(), "routing": Routing()}, {}),
        ("is_forwarded", {"routing": Routing(forward=Forward(condition=Condition.UNKNOWN))}, {"when": ["busy"]}),
        ("is_in_service", {"devices": (Device(id="1", state=DeviceState.UNKNOWN),)}, {}),
    ],
)
async def test_what_a_line_does_not_report_is_not_known(
    home: HomeAssistant, known: MockConfigEntry, name: str, changes: dict[str, Any], options: dict[str, Any]
) -> None:
    snapshot = msgspec.structs.replace(known.runtime_data.data[ALICE], **changes)
    made = await checker(home, name, **options)
    assert isinstance(made, LineCondition)
    assert made.holds(snapshot, known.runtime_data.pbx) is None
    made.async_unload()
    assert name in CONDITIONS
    assert Feature.FORWARD in known.runtime_data.data[ALICE].features


async def test_an_automation_with_one(home: HomeAssistant, simulator: Simulator, known: MockConfigEntry) -> None:
    events = await listen(
        home,
        {"trigger": "event", "event_type": "look"},
        conditions=[{"condition": "pbx.is_do_not_disturb", "target": {"device_id": device(home, known, ALICE)}}],
    )
    home.bus.async_fire("look")
    await home.async_block_till_done()
    assert not events
    await reload(home, known)
    simulator.switch.set_dnd(ALICE, True)
    await until(lambda: (routing := known.runtime_data.data[ALICE].routing) and routing.do_not_disturb)
    home.bus.async_fire("look")
    await until(lambda: events)
