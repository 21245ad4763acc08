"""Picking up a colleague's call, call-back requests and the night service, as actions on lines, areas and labels."""

import asyncio
from typing import Any
from unittest.mock import PropertyMock, patch

import msgspec
import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import area_registry as ar, device_registry as dr, label_registry as lr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx import night_forwards
from custom_components.pbx.aiopbx import Condition, Line
from custom_components.pbx.aiopbx.simulator import Simulator
from tests.integration.automations import go_away, lose, reload
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    act,
    administrator,
    do,
    make_entry,
    set_up,
    until,
    until_state,
)


@pytest.fixture
async def entry(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """The office, once it is known how its lines are forwarded."""
    entry = await set_up(home, make_entry(administrator(simulator), night_lines=["1000", "1001"], night_number="1003"))
    await known(entry)
    return entry


async def known(entry: MockConfigEntry) -> None:
    await until(lambda: all(line.described and line.routing for line in entry.runtime_data.data.values()))


def device(hass: HomeAssistant, entry: MockConfigEntry, line: str) -> dr.DeviceEntry:
    identifier = entry.runtime_data.identifier(line)
    found = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    assert found is not None
    return found


async def refused(hass: HomeAssistant, action: str, **data: Any) -> ServiceValidationError:
    with pytest.raises(ServiceValidationError) as error:
        await do(hass, action, **data)
    return error.value


async def rings(entry: MockConfigEntry, simulator: Simulator, number: str, caller: str = "+15550123") -> str:
    """Let a line ring, and return the reference of the call."""
    call = simulator.switch.incoming_external(caller, number)
    lines = entry.runtime_data.data
    await until(lambda: any(one.ref == call.ref for line in lines.values() for one in line.calls))
    return str(call.ref)


# ------------------------------------------------------------------------------------------------------------- pick-up


async def test_pick_up_the_only_call_that_rings(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    assert (await refused(home, "pick_up", line="1000")).translation_key == "nobody_rings"
    await rings(entry, simulator, "1001")
    answer = await do(home, "pick_up", respond=True, entity_id="sensor.alice_martin_call_state")
    assert answer == {"line": ALICE, "number": "1001"}
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await until_state(home, "sensor.bob_keller_call_state", "idle")


async def test_pick_up_at_a_number(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await rings(entry, simulator, "1001")
    await rings(entry, simulator, "1002", caller="+15550177")
    error = await refused(home, "pick_up", line="1000")
    assert error.translation_key == "several_ring"
    assert error.translation_placeholders == {"lines": "Bob Keller, Carol Diaz"}
    await do(home, "pick_up", device_id=device(home, entry, ALICE).id, number="1002", auto_answer=False)
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    [call] = entry.runtime_data.data[ALICE].calls
    assert call.party is not None
    assert call.party.number == "+15550177"


async def test_pick_up_a_certain_call(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await rings(entry, simulator, "1001")
    ref = await rings(entry, simulator, "1002", caller="+15550177")
    assert (await refused(home, "pick_up", line="1000", call_id="x")).translation_key == "call_not_found"
    error = await refused(home, "pick_up", line="1000", call_id=ref, number="1001")
    assert error.translation_key == "call_not_found", "it rings somewhere else"
    [call] = entry.runtime_data.data[CAROL].calls
    await do(home, "pick_up", line="1000", call_id=call.id)
    await until(lambda: [one.ref for one in entry.runtime_data.data[ALICE].calls] == [ref])


async def test_one_line_alone_picks_up(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await rings(entry, simulator, "1001")
    error = await refused(home, "pick_up", line=["1000", "1002"])
    assert error.translation_key == "pick_up_by_one"
    assert error.translation_placeholders == {"lines": "Alice Martin, Carol Diaz"}
    assert (await refused(home, "pick_up", line="1000", number=1001)).translation_key == "field_needs_text"


async def test_pick_up_where_nothing_rings(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A number that is named goes to the PBX, which knows of groups and telephones that are no lines here."""
    with pytest.raises(HomeAssistantError) as error:
        await do(home, "pick_up", line="1000", number="1001")
    assert error.value.translation_key == "refused"


# ----------------------------------------------------------------------------------------------------------- call-backs


async def test_call_back_requests(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Two ask Bob; he sees who, and clears one and then all."""
    assert await do(home, "request_call_back", respond=True, line=["1000", "1002"], number="1001") == {
        "lines": [ALICE, CAROL]
    }
    read = await do(home, "get_call_back_requests", respond=True, line="1001")
    assert [(one["line"], one["line_name"], one["party_name"], one["party_uri"]) for one in read["requests"]] == [
        (BOB, "Bob Keller", "Alice Martin", "tel:1000"),
        (BOB, "Bob Keller", "Carol Diaz", "tel:1002"),
    ]
    first = read["requests"][0]["id"]
    error = await refused(home, "clear_call_back_requests", line=["1000", "1001"], request_id=first)
    assert error.translation_key == "request_of_one_line"
    assert await do(home, "clear_call_back_requests", respond=True, line="1001", request_id=first) == {"lines": [BOB]}
    read = await do(home, "get_call_back_requests", respond=True, line="1001")
    assert [one["party_number"] for one in read["requests"]] == ["1002"]
    await do(home, "clear_call_back_requests", line=["1000", "1001"])
    assert await do(home, "get_call_back_requests", respond=True, line="1001") == {"requests": []}


async def test_ask_the_one_who_is_called_in_vain(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    assert (await refused(home, "request_call_back", line="1000")).translation_key == "no_call"
    simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")
    await do(home, "request_call_back", line="1000")
    read = await do(home, "get_call_back_requests", respond=True, line="1001")
    assert [one["party_number"] for one in read["requests"]] == ["1000"]


# --------------------------------------------------------------------------------------------------- the night service


def forwards(simulator: Simulator) -> dict[str, str | None]:
    """Return where each line is forwarded, as the switch has it."""
    found = {}
    for login in (ALICE, BOB, CAROL, DAVID):
        forward = simulator.switch.users[login].forward
        found[login] = None if forward is None else forward.number or forward.target.lower()
    return found


async def seen(entry: MockConfigEntry, simulator: Simulator) -> None:
    """Wait until every forward of the switch is known."""

    def all_known() -> bool:
        lines = entry.runtime_data.data
        return all(
            (number is None) == (lines[login].routing.forward is None)
            and (number is None or lines[login].routing.forward.number == number)
            for login, number in forwards(simulator).items()
        )

    await until(all_known, "the forwards are known")


@pytest.mark.parametrize("way", ["loss", "reload", "nothing"])
async def test_a_night_of_lines_areas_and_labels(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, way: str
) -> None:
    """Each has in the morning what it had before; who was forwarded elsewhere at night stays so."""
    area = ar.async_get(home).async_create("Shop")
    label = lr.async_get(home).async_create("Night")
    devices = dr.async_get(home)
    devices.async_update_device(device(home, entry, BOB).id, area_id=area.id)
    devices.async_update_device(device(home, entry, CAROL).id, labels={label.label_id})
    simulator.switch.set_forward(BOB, "1002", condition="NO_ANSWER")
    await seen(entry, simulator)
    target = {"line": "1000", "area_id": area.id, "label_id": label.label_id}
    answer = await do(home, "start_night_service", respond=True, number="1003", **target)
    assert {key: sorted(value) for key, value in answer.items()} == {"lines": [ALICE, BOB, CAROL], "kept": []}
    assert forwards(simulator) == {ALICE: "1003", BOB: "1003", CAROL: "1003", DAVID: None}
    await seen(entry, simulator)
    if way == "loss":
        await lose(home, simulator, entry)
    elif way == "reload":
        await reload(home, entry)
        await known(entry)
    simulator.switch.set_forward(CAROL, "+15550123", condition="IMMEDIATE")
    await seen(entry, simulator)
    answer = await do(home, "end_night_service", respond=True, **target)
    assert (sorted(answer["lines"]), answer["kept"]) == ([ALICE, BOB], [CAROL])
    assert forwards(simulator) == {ALICE: None, BOB: "1002", CAROL: "+15550123", DAVID: None}
    await until(lambda: entry.runtime_data.data[BOB].routing.forward.condition is Condition.NO_ANSWER)
    await seen(entry, simulator)
    assert await do(home, "end_night_service", respond=True, line="1001") == {"lines": [], "kept": [BOB]}


async def test_other_forwards_can_be_kept(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    simulator.switch.set_forward(BOB, "1002", condition="IMMEDIATE")
    await seen(entry, simulator)
    night = {"line": ["1000", "1001"], "keep_forwards": True, "respond": True}
    assert await do(home, "start_night_service", **night) == {"lines": [ALICE], "kept": [BOB]}
    await until(lambda: entry.runtime_data.data[ALICE].routing.forward)
    # Asked again, with another destination: it is the same night, and not a forward of someone's.
    assert await do(home, "start_night_service", **night) == {"lines": [ALICE], "kept": [BOB]}
    assert await do(home, "start_night_service", number="1003", **night) == {"lines": [ALICE], "kept": [BOB]}
    assert forwards(simulator) == {ALICE: "1003", BOB: "1002", CAROL: None, DAVID: None}
    await seen(entry, simulator)
    assert await do(home, "end_night_service", respond=True, line=["1000", "1001"]) == {"lines": [ALICE], "kept": [BOB]}
    assert forwards(simulator)[ALICE] is None


async def test_the_switch_and_the_actions_are_one_night(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.switch.set_forward(BOB, "1002", condition="IMMEDIATE")
    await seen(entry, simulator)
    await act(home, "switch.turn_on", "switch.office_night_service")
    await until_state(home, "switch.office_night_service", "on")
    await do(home, "end_night_service", line=["1000", "1001"])
    assert forwards(simulator) == {ALICE: None, BOB: "1002", CAROL: None, DAVID: None}
    await until_state(home, "switch.office_night_service", "off")
    await do(home, "start_night_service", line=["1000", "1001"], number="1003")
    await until_state(home, "switch.office_night_service", "on")
    await act(home, "switch.turn_off", "switch.office_night_service")
    assert forwards(simulator) == {ALICE: None, BOB: "1002", CAROL: None, DAVID: None}


async def test_a_night_that_ends_before_it_is_reported(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await do(home, "start_night_service", line="1000")
    assert await do(home, "end_night_service", respond=True, line="1000") == {"lines": [ALICE], "kept": []}
    assert forwards(simulator)[ALICE] is None


async def test_nothing_is_changed_while_forwards_are_not_known(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without knowing what to go back to, nothing is changed; it is waited for a while, as after a start."""
    line = {"entity_id": "sensor.alice_martin_call_state"}
    unknown = msgspec.structs.replace(entry.runtime_data.data[ALICE], routing=None)
    with patch.object(Line, "snapshot", new_callable=PropertyMock, return_value=unknown) as snapshot:
        monkeypatch.setattr(night_forwards, "_PATIENCE", 0.01)
        error = await refused(home, "start_night_service", **line)
        assert error.translation_key == "forward_not_known"
        assert error.translation_placeholders == {"line": "Alice Martin"}
        with pytest.raises(HomeAssistantError) as partly:
            await act(home, "switch.turn_on", "switch.office_night_service")
        assert partly.value.translation_key == "night_service_partly"
        assert forwards(simulator)[ALICE] is None
        monkeypatch.setattr(night_forwards, "_PATIENCE", 10)
        waiting = asyncio.create_task(do(home, "start_night_service", **line))
        await asyncio.sleep(0)
        assert not waiting.done()
        snapshot.return_value = entry.runtime_data.data[ALICE]
        entry.runtime_data.async_notify(ALICE, frozenset({"routing"}))
        await waiting
    assert forwards(simulator)[ALICE] == "voicemail"


async def test_a_night_without_connection(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await go_away(home, simulator, entry)
    with pytest.raises(HomeAssistantError) as error:
        await do(home, "start_night_service", line="1000")
    assert error.value.translation_key == "offline"
    with pytest.raises(HomeAssistantError) as error:
        await do(home, "start_night_service", line=["1000", "1001"])
    assert error.value.translation_key == "several_failed"


async def test_what_is_remembered_goes_with_the_entry(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    key = f"pbx.{entry.entry_id}.night"
    await do(home, "start_night_service", line="1000", number="1003")
    await home.config_entries.async_unload(entry.entry_id)
    home.bus.async_fire("homeassistant_final_write")
    await home.async_block_till_done()
    assert hass_storage[key]["data"][ALICE] == {
        "before": None,
        "during": {"condition": "immediate", "target": "number", "number": "1003"},
    }
    await home.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage
