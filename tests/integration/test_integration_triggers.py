"""The triggers: each on its own lines, with its fields, through a loss, a reload and a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import voluptuous as vol
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.trigger import TriggerConfig, async_validate_trigger_config
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.pbx import absence, watcher
from custom_components.pbx.aiopbx import CallSnapshot, Direction, Outcome, Party
from custom_components.pbx.aiopbx.simulator import (
    AgentSpec,
    ProcessingGroupSpec,
    Simulator,
    SimulatorSettings,
    SwitchSettings,
    UserSpec,
)
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.happenings import Happening, happenings_of
from custom_components.pbx.trigger import TRIGGERS, CallEndedTrigger
from custom_components.pbx.watcher import talk_seconds
from tests.integration.automations import come_back, data, go_away, listen, lose, on, reload
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    administrator,
    make_entry,
    ours,
    set_up,
    state_of,
    until,
    until_state,
    user,
)


def device(hass: HomeAssistant, entry: MockConfigEntry, line: str | None) -> str:
    """Return the id of a line's device, or of the PBX's own."""
    coordinator = entry.runtime_data
    if line is None:
        return str(coordinator.device_id)
    found = dr.async_get(hass).async_get_device_by_identifier(coordinator.identifier(line), entry.entry_id)
    assert found is not None
    return found.id


async def missed(hass: HomeAssistant, simulator: Simulator, number: str = "1000", caller: str = "+15550123") -> None:
    """Let someone call in vain, and wait until everyone has seen it."""
    line = next(line for line in simulator.switch.users.values() if line.number == number)
    call = simulator.switch.incoming_external(caller, number)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    await until(lambda: entry.runtime_data.pbx.lines[line.login].calls, "it rings")
    simulator.switch.external_hang_up(call.ref)
    await until(lambda: not entry.runtime_data.pbx.lines[line.login].calls, "it is over")
    await hass.async_block_till_done()


async def talk(hass: HomeAssistant, simulator: Simulator, caller: str = "+15550123") -> str:
    """Let someone talk with Alice, and return the reference of the call."""
    call = simulator.switch.incoming_external(caller, "1000")
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(hass, "sensor.alice_martin_call_state", "active")
    return str(call.ref)


# ------------------------------------------------------------------------------------------ one by one


async def test_incoming_call(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "incoming_call")
    simulator.switch.incoming_external("+15550123", "1000")
    await until(lambda: events)
    trigger = data(events[0])
    assert trigger["platform"] == "pbx.incoming_call"
    assert trigger["description"] == "Incoming call on Alice Martin", "the logbook has no caller"
    assert trigger["line"] == {
        "id": ALICE,
        "number": "1000",
        "name": "Alice Martin",
        "device_id": device(home, entry, ALICE),
    }
    assert trigger["call"]["party_number"] == "+15550123"
    assert trigger["call"]["party_uri"] == "tel:+15550123"
    assert trigger["call"]["direction"] == "incoming"
    assert trigger["event_type"] == "ringing"


async def test_outgoing_call(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "outgoing_call", to="1001")
    simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until(lambda: events and data(events[-1])["event_type"] == "ringing_there")
    assert {data(event)["line"]["id"] for event in events} == {ALICE}


async def test_call_answered_and_ended(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await listen(home, {"trigger": "pbx.call_answered"}, {"trigger": "pbx.call_ended"})
    ref = await talk(home, simulator)
    simulator.switch.drop(ALICE, ref)
    await until(lambda: len(events) == 2)
    answered, ended = map(data, events)
    assert answered["platform"] == "pbx.call_answered"
    assert ended["call"]["outcome"] == "answered"
    assert ended["call"]["talk_seconds"] >= 0
    assert ended["call"]["ended_at"] is not None
    assert ended["call"]["call_id"] == answered["call"]["call_id"]


async def test_call_missed(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "call_missed")
    await missed(home, simulator)
    await until(lambda: events)
    ref = await talk(home, simulator)
    simulator.switch.drop(ALICE, ref)
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await home.async_block_till_done()
    assert len(events) == 1
    assert data(events[0])["call"]["outcome"] == "missed"


async def test_text_received(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "text_received", target={"device_id": device(home, entry, BOB)})
    await until(lambda: entry.runtime_data.data[BOB].counters.new_texts == 0)
    simulator.switch.send_text(ALICE, "1001", "Lunch?")
    await until(lambda: events)
    assert data(events[0])["unread"] == data(events[0])["new"] == 1
    assert "Lunch" not in str(events[0].data)


@pytest.mark.parametrize("way", ["loss", "reload"])
async def test_voicemail_received(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, way: str) -> None:
    """Once for each that comes, also meanwhile, and never for coming back alone."""
    events = await on(home, "voicemail_received")
    await counted(entry, voicemails=0)
    await leave_message(simulator)
    await until(lambda: events)
    assert data(events[0])["unread"] == 1
    again = lose(home, simulator, entry) if way == "loss" else reload(home, entry)
    await again
    await counted(entry, voicemails=1)
    await home.async_block_till_done()
    assert len(events) == 1
    if way == "loss":
        await go_away(home, simulator, entry)
        await leave_message(simulator)
        await come_back(home, simulator, entry)
    else:
        await home.config_entries.async_unload(entry.entry_id)
        await leave_message(simulator)
        await home.config_entries.async_setup(entry.entry_id)
    await until(lambda: len(events) == 2)
    assert (data(events[1])["unread"], data(events[1])["new"]) == (2, 1)
    simulator.switch.read_voicemails(ALICE)
    await counted(entry, voicemails=0)
    await home.async_block_till_done()
    assert len(events) == 2


async def leave_message(simulator: Simulator) -> None:
    """Leave a voicemail for Alice."""
    switch = simulator.switch
    call = switch.make_call(BOB, "1001", "1000", auto_answer=True)
    switch.overflow_to_voicemail(BOB, call.ref)
    switch.drop(BOB, call.ref)


async def counted(entry: MockConfigEntry, **counters: int) -> None:
    """Wait until Alice has so much waiting."""
    for name, number in counters.items():
        await until(lambda: getattr(entry.runtime_data.data[ALICE].counters, name) == number, name)  # noqa: B023


async def test_agent_state_changed(home: HomeAssistant) -> None:
    settings = SimulatorSettings(
        users=(
            UserSpec(
                login=ALICE, first_name="Alice", last_name="Martin", number="1000", agent=AgentSpec(groups=("600",))
            ),
            UserSpec(login=BOB, first_name="Bob", last_name="Keller", number="1001"),
        ),
        switch=SwitchSettings(processing_groups=(ProcessingGroupSpec(number="600"),)),
    )
    async with Simulator(settings) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        await until(lambda: entry.runtime_data.data[ALICE].agent is not None)
        events = await listen(
            home,
            {"trigger": "pbx.agent_state_changed", "options": {"from_state": "logged_off"}},
            {"trigger": "pbx.agent_state_changed", "options": {"to_state": ["withdrawn", "paused"]}},
        )
        simulator.switch.agent_log_on(ALICE, "1000")
        await until(lambda: len(events) == 1)
        assert data(events[0])["line"]["id"] == ALICE
        assert (data(events[0])["from_state"], data(events[0])["to_state"]) == ("logged_off", "ready")
        assert data(events[0])["group"] == "600"
        simulator.switch.agent_pause(ALICE)
        await until(lambda: len(events) == 2)
        assert data(events[1])["to_state"] == "paused"
        await home.config_entries.async_unload(entry.entry_id)


# ------------------------------------------------------------------------------------------ fields


@pytest.mark.parametrize(
    ("options", "fires"),
    [
        ({"from": "+15550123"}, True),
        ({"from": ["tel:+15550199", "tel:+15550123"]}, True),
        ({"from": "+1555*"}, True),
        ({"from": "+1556*"}, False),
        ({"from": "+15550124"}, False),
        ({"from": "Alice Martin"}, False),
        ({"to": "1000"}, True),
        ({"to": "Alice Martin"}, True),
        ({"to": "alice martin"}, True),
        ({"to": ALICE}, True),
        ({"to": "1001"}, False),
        ({"pattern": "+1555*"}, True),
        ({"pattern": ["112", "+155501??"]}, True),
        ({"pattern": "1000"}, False),
        ({"contact": "unknown"}, True),
        ({"contact": "known"}, False),
        ({"contact": "any", "from": "+1555*", "to": "100?"}, True),
    ],
)
async def test_who_calls_whom(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, options: dict[str, Any], fires: bool
) -> None:
    chosen = await listen(home, {"trigger": "pbx.incoming_call", "options": options})
    every = []
    entry.runtime_data.pbx.subscribe(every.append, line=ALICE)
    simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    await home.async_block_till_done()
    assert every
    assert len(chosen) == fires


async def test_a_colleague_is_known(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "incoming_call", contact="known")
    simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until(lambda: events)
    assert data(events[0])["line"]["id"] == BOB


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TALKED = CallSnapshot(
    id="1",
    ref="1",
    line=ALICE,
    direction=Direction.INCOMING,
    parties=(Party(number="+15550123"),),
    answered=True,
    answered_at=NOON,
    ended_at=NOON + timedelta(seconds=90),
    outcome=Outcome.ANSWERED,
)


@pytest.mark.parametrize(
    ("options", "fires"),
    [
        ({}, True),
        ({"outcome": "answered"}, True),
        ({"outcome": ["missed", "busy"]}, False),
        ({"longer_than": {"minutes": 1}}, True),
        ({"longer_than": "00:02:00"}, False),
        ({"shorter_than": {"minutes": 2}}, True),
        ({"shorter_than": {"minutes": 1}}, False),
        ({"outcome": "answered", "longer_than": {"seconds": 60}, "shorter_than": {"seconds": 99}, "from": "+1*"}, True),
        ({"longer_than": {"seconds": 60}, "from": "+1556*"}, False),
    ],
)
async def test_how_and_after_what_time_a_call_ended(
    home: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any], fires: bool
) -> None:
    events = await on(home, "call_ended", **options)
    happenings_of(home).async_fire(
        Happening(
            kind="call_ended",
            device_id=None,
            pbx_device_id=None,
            what="",
            call=TALKED,
            pbx=entry.runtime_data.pbx,
        )
    )
    await home.async_block_till_done()
    assert len(events) == fires


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 90),
        ({"talk_seconds": 17.0}, 17),
        ({"answered": False}, 0),
        ({"answered_at": None}, None),
        ({"outcome": None}, None),
    ],
)
def test_how_long_a_call_was_answered(changes: dict[str, Any], seconds: float | None) -> None:
    assert talk_seconds(msgspec.structs.replace(TALKED, **changes)) == seconds


async def test_of_a_call_of_unknown_length_none_is_said(home: HomeAssistant, entry: MockConfigEntry) -> None:
    unknown = msgspec.structs.replace(TALKED, answered_at=None)
    for options in ({"longer_than": timedelta(0)}, {"shorter_than": timedelta(days=1)}):
        trigger = CallEndedTrigger(home, TriggerConfig("pbx.call_ended", options=options))
        assert not trigger.fits_call(unknown, entry.runtime_data.pbx)


async def test_a_call_that_was_not_answered_is_shorter_than_anything(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    events = await on(home, "call_ended", shorter_than={"seconds": 5})
    await missed(home, simulator)
    await until(lambda: events)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("incoming_call", {"from": 15550123}),
        ("incoming_call", {"from": "*nobody*"}),
        ("incoming_call", {"pattern": "abc"}),
        ("incoming_call", {"contact": "perhaps"}),
        ("call_ended", {"outcome": "well"}),
        ("call_ended", {"longer_than": "soon"}),
        ("agent_state_changed", {"to_state": "asleep"}),
        ("pbx_offline", {"for": {"minutes": -1}}),
        ("voicemail_received", {"from": "1000"}),
    ],
)
async def test_fields_that_mean_nothing_are_refused(home: HomeAssistant, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(home, [{"platform": f"pbx.{name}", "options": options}])


# ------------------------------------------------------------------------------------------ targets


@pytest.mark.parametrize("kind", ["entity", "disabled", "device", "area", "label", "entity area", "pbx"])
async def test_a_line_is_meant_by(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, kind: str) -> None:
    devices, entities = dr.async_get(home), er.async_get(home)
    alice = device(home, entry, ALICE)
    if kind == "area":
        area = ar.async_get(home).async_create("Reception").id
        devices.async_update_device(alice, area_id=area)
        target: dict[str, Any] = {"area_id": area}
    elif kind == "entity area":
        area = ar.async_get(home).async_create("Reception").id
        entities.async_update_entity("switch.alice_martin_do_not_disturb", area_id=area)
        target = {"area_id": area}
    elif kind == "label":
        label = lr.async_get(home).async_create("Ours").label_id
        devices.async_update_device(alice, labels={label})
        target = {"label_id": label}
    elif kind == "disabled":
        entities.async_update_entity("sensor.alice_martin_call_state", disabled_by=er.RegistryEntryDisabler.USER)
        await home.async_block_till_done()
        target = {"entity_id": "sensor.alice_martin_call_state"}
    elif kind == "entity":
        target = {"entity_id": ["switch.alice_martin_do_not_disturb"]}
    else:
        target = {"device_id": device(home, entry, ALICE if kind == "device" else None)}
    events = await on(home, "call_missed", target=target)
    await missed(home, simulator, "1001")
    await missed(home, simulator, "1000")
    await until(lambda: len(events) == (2 if kind == "pbx" else 1))
    assert data(events[-1])["line"]["id"] == ALICE


async def test_the_room_of_the_server_is_not_the_whole_office(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    area = ar.async_get(home).async_create("Server room").id
    dr.async_get(home).async_update_device(device(home, entry, None), area_id=area)
    events = await on(home, "call_missed", target={"area_id": area})
    await missed(home, simulator)
    assert not events


async def test_a_line_that_gets_a_label_later(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    label = lr.async_get(home).async_create("Ours").label_id
    events = await on(home, "call_missed", target={"label_id": label})
    await missed(home, simulator)
    assert not events
    dr.async_get(home).async_update_device(device(home, entry, ALICE), labels={label})
    await missed(home, simulator)
    await until(lambda: len(events) == 1)


async def test_all_works_without_a_single_entity(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    for item in ours(home):
        er.async_get(home).async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await home.async_block_till_done()
    events = await listen(home, *({"trigger": f"pbx.{name}"} for name in TRIGGERS))
    await missed(home, simulator)
    await until(lambda: len(events) == 3)
    assert [data(event)["platform"] for event in events] == ["pbx.incoming_call", "pbx.call_ended", "pbx.call_missed"]


# ------------------------------------------------------------------------------------------ losses, restarts


async def test_triggers_survive_a_reload(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await on(home, "incoming_call", target={"device_id": device(home, entry, ALICE)})
    await reload(home, entry)
    await missed(home, simulator)
    await reload(home, entry)
    await missed(home, simulator)
    await until(lambda: len(events) == 2)


async def test_a_call_missed_during_a_loss_is_reported_once(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    events = await listen(home, {"trigger": "pbx.call_missed"}, {"trigger": "pbx.call_ended"})
    await missed(home, simulator, caller="+15550100")
    await until(lambda: len(events) == 2)
    await go_away(home, simulator, entry)
    call = simulator.switch.incoming_external("+15550123", "1000")
    simulator.switch.external_hang_up(call.ref)
    await come_back(home, simulator, entry)
    await until(lambda: len(events) == 4)
    late = next(data(event) for event in events[2:] if data(event)["platform"] == "pbx.call_missed")
    assert late["call"]["party_number"] == "+15550123"
    assert late["call"]["outcome"] == "missed"
    await until(lambda: not entry.runtime_data.pbx.lines[ALICE].calls)
    for _ in range(2):
        await lose(home, simulator, entry)
    await reload(home, entry)
    # A later one comes after everything that was read of the log.
    await missed(home, simulator, caller="+15550177")
    await until(lambda: len(events) == 6)
    assert [data(event)["call"]["party_number"] for event in events[4:]] == ["+15550177"] * 2


async def test_a_call_that_rang_when_the_connection_was_lost(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """It was missed all the same, which only the log can say."""
    events = await on(home, "call_missed")
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    await go_away(home, simulator, entry)
    simulator.switch.external_hang_up(call.ref)
    await come_back(home, simulator, entry)
    await until(lambda: events)
    await lose(home, simulator, entry)
    await missed(home, simulator, caller="+15550177")
    await until(lambda: len(events) > 1)
    assert [data(event)["call"]["party_number"] for event in events] == ["+15550123", "+15550177"]


async def test_what_came_during_a_restart(
    home: HomeAssistant, simulator: Simulator, hass_storage: dict[str, Any]
) -> None:
    """Home Assistant is down, and what came meanwhile is reported when automations listen again."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    await counted(entry, voicemails=0)
    await missed(home, simulator, caller="+15550100")
    await home.config_entries.async_unload(entry.entry_id)
    call = simulator.switch.incoming_external("+15550123", "1000")
    simulator.switch.external_hang_up(call.ref)
    await leave_message(simulator)
    [stored] = [value for key, value in hass_storage.items() if key.startswith("pbx.")]
    assert "5550" not in str(stored), "no number is written down"

    home.set_state(CoreState.starting)
    await home.config_entries.async_setup(entry.entry_id)
    events = await listen(home, *({"trigger": f"pbx.{name}"} for name in ("call_missed", "voicemail_received")))
    assert not events
    home.set_state(CoreState.running)
    home.bus.async_fire("homeassistant_started")
    await until(lambda: len(events) == 2)
    assert {data(event)["platform"] for event in events} == {"pbx.call_missed", "pbx.voicemail_received"}
    await missed(home, simulator, caller="+15550177")
    await until(lambda: len(events) == 3)
    numbers = [data(event)["call"]["party_number"] for event in events if "call" in data(event)]
    assert numbers == ["+15550123", "+15550177"]


async def test_what_is_old_is_no_news(
    home: HomeAssistant, simulator: Simulator, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await set_up(home, make_entry(administrator(simulator)))
    await home.config_entries.async_unload(entry.entry_id)
    call = simulator.switch.incoming_external("+15550123", "1000")
    simulator.switch.external_hang_up(call.ref)
    # Time that passes by itself: what is older than none at all is old.
    monkeypatch.setattr(absence, "OLDEST", timedelta(0))
    monkeypatch.setattr(watcher, "OLDEST", timedelta(0))
    events = await on(home, "call_missed")
    await home.config_entries.async_setup(entry.entry_id)
    await missed(home, simulator, caller="+15550177")
    await until(lambda: events)
    assert [data(event)["call"]["party_number"] for event in events] == ["+15550177"]


async def test_the_first_connection_reports_nothing_of_before(home: HomeAssistant, simulator: Simulator) -> None:
    call = simulator.switch.incoming_external("+15550123", "1000")
    simulator.switch.external_hang_up(call.ref)
    await leave_message(simulator)
    events = await listen(home, *({"trigger": f"pbx.{name}"} for name in ("call_missed", "voicemail_received")))
    entry = await set_up(home, make_entry(administrator(simulator)))
    await counted(entry, voicemails=1)
    await missed(home, simulator, caller="+15550177")
    await until(lambda: events)
    assert len(events) == 1


async def test_what_is_remembered_goes_with_the_entry(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await home.config_entries.async_unload(entry.entry_id)
    assert [key for key in hass_storage if key.startswith("pbx.")]
    await home.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if key.startswith("pbx.")]


# ------------------------------------------------------------------------------------------ the PBX


async def test_the_pbx_goes_and_comes_back(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = await listen(home, {"trigger": "pbx.pbx_offline"}, {"trigger": "pbx.pbx_online"})
    await reload(home, entry)
    assert not events, "a reload is no loss"
    await go_away(home, simulator, entry)
    await until(lambda: len(events) == 1)
    trigger = data(events[0])
    assert trigger["platform"] == "pbx.pbx_offline"
    assert trigger["pbx"] == {"title": "Office", "device_id": device(home, entry, None), "entry_id": entry.entry_id}
    await home.config_entries.async_reload(entry.entry_id)
    assert len(events) == 1, "still away"
    await simulator.start()
    await home.config_entries.async_reload(entry.entry_id)
    await until(lambda: len(events) == 2)
    assert data(events[1])["platform"] == "pbx.pbx_online"


async def test_a_line_stands_for_its_pbx(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """The editor offers these triggers where a line is chosen."""
    label = lr.async_get(home).async_create("Nobody")
    events = await listen(
        home,
        {"trigger": "pbx.pbx_offline", "target": {"device_id": device(home, entry, CAROL)}},
        {"trigger": "pbx.pbx_online", "target": {"entity_id": "sensor.carol_diaz_call_state"}},
        {"trigger": "pbx.pbx_online", "target": {"label_id": label.label_id}},
    )
    await lose(home, simulator, entry)
    await until(lambda: len(events) == 2)
    await home.async_block_till_done()
    assert [data(event)["platform"] for event in events] == ["pbx.pbx_offline", "pbx.pbx_online"]


async def test_a_pbx_that_is_away_at_the_start(home: HomeAssistant, simulator: Simulator) -> None:
    await simulator.stop()
    home.set_state(CoreState.starting)
    entry = await set_up(home, make_entry(administrator(simulator)))
    events = await listen(home, {"trigger": "pbx.pbx_offline"}, {"trigger": "pbx.pbx_online"})
    home.set_state(CoreState.running)
    home.bus.async_fire("homeassistant_started")
    await until(lambda: len(events) == 1)
    await simulator.start()
    await home.config_entries.async_reload(entry.entry_id)
    await until(lambda: len(events) == 2)


async def test_a_pbx_that_stays_away(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    target = {"device_id": device(home, entry, None)}
    events = await listen(home, {"trigger": "pbx.pbx_offline", "target": target, "options": {"for": {"minutes": 5}}})
    await lose(home, simulator, entry)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert not events, "it came back in time"
    await go_away(home, simulator, entry)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: len(events) == 1)
    await come_back(home, simulator, entry)
    await go_away(home, simulator, entry)
    await home.services.async_call("automation", "turn_off", {"entity_id": "automation.test"}, blocking=True)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert len(events) == 1


async def test_an_entry_that_is_removed_while_its_pbx_is_away(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    events = await listen(home, {"trigger": "pbx.pbx_offline"}, {"trigger": "pbx.pbx_online"})
    await go_away(home, simulator, entry)
    await home.config_entries.async_remove(entry.entry_id)
    await simulator.start()
    again = make_entry(user(simulator))
    await set_up(home, again)
    assert state_of(home, "binary_sensor.office_connection") == "on"
    assert [data(event)["platform"] for event in events] == ["pbx.pbx_offline"]


async def test_another_lines_target_does_not_fire(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    events = await on(home, "incoming_call", target={"device_id": device(home, entry, CAROL)})
    await missed(home, simulator)
    assert not events
