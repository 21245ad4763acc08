"""The trigger for a call that waits: where it was chosen, after the time that was chosen, once for each call."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, label_registry as lr
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.pbx.aiopbx import Feature, WaitingCall
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.happenings import Happening, happenings_of
from tests.integration.automations import come_back, data, go_away, listen, on, reload
from tests.integration.helpers import administrator, make_entry, set_up, until, user

SALES, SUPPORT = "800", "810"
FIVE = {"minutes": 5}


@pytest.fixture
def settings() -> SimulatorSettings:
    """An office with two pilots. Their agents are logged on and take a pause, so that everyone waits."""
    groups = {SALES: ("60121", "1000"), SUPPORT: ("60122", "1001")}
    return SimulatorSettings.model_validate(
        {
            "users": [
                {
                    "login": f"oxe{number}",
                    "number": number,
                    "first_name": "Agent",
                    "last_name": number,
                    "agent": {"type": "AGENT", "groups": [group], "preferred": group},
                }
                for group, number in groups.values()
            ],
            "switch": {
                "pilots": [
                    {"number": SALES, "name": "Sales", "groups": ["60121"]},
                    {"number": SUPPORT, "name": "Support", "groups": ["60122"]},
                ],
                "processing_groups": [{"number": group} for group, _ in groups.values()],
            },
        }
    )


@pytest.fixture
async def office(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """The office, set up as its administrator."""
    for login, group in (("oxe1000", "60121"), ("oxe1001", "60122")):
        simulator.switch.agent_log_on(login, login[3:], group)
        simulator.switch.agent_pause(login)
    return await set_up(home, make_entry(administrator(simulator)))


def watched(entry: MockConfigEntry) -> set[str]:
    """The pilots whose calls are seen."""
    return set(entry.runtime_data.pbx.pilots.waiting)


async def watching(entry: MockConfigEntry, *pilots: str) -> None:
    """Wait until the calls of these pilots are seen."""
    await until(lambda: watched(entry) == set(pilots), f"{pilots} are watched")


async def waits(entry: MockConfigEntry, simulator: Simulator, pilot: str, caller: str = "+15550123") -> str:
    """Let someone call a pilot, and wait until it is seen that they wait."""
    call = simulator.switch.incoming_external(caller, pilot)
    await until(
        lambda: any(one.ref == call.ref and one.queue for one in entry.runtime_data.pbx.pilots.waiting[pilot]),
        "it waits",
    )
    return str(call.ref)


async def hangs_up(entry: MockConfigEntry, simulator: Simulator, ref: str) -> None:
    """Let a caller give up, and wait until that is seen."""
    simulator.switch.external_hang_up(ref)
    pilots = entry.runtime_data.pbx.pilots
    await until(lambda: not any(one.ref == ref for calls in pilots.waiting.values() for one in calls), "it is over")


async def test_a_call_that_waits(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """At any pilot, at once, and with all that an automation may want to know."""
    assert Feature.WAITING_CALLS in office.runtime_data.pbx.features
    assert watched(office) == set(), "nobody wants to know"
    events = await on(home, "call_waiting")
    await watching(office, SALES, SUPPORT)
    ref = await waits(office, simulator, SALES)
    await until(lambda: events)
    trigger = data(events[0])
    assert trigger["platform"] == "pbx.call_waiting"
    assert trigger["description"] == "Call waiting at Sales", "the logbook has no caller"
    assert trigger["pilot"] == {"number": SALES, "name": "Sales"}
    assert trigger["queue"]["number"]
    assert trigger["call"]["call_id"] == ref
    assert trigger["call"]["party_number"] == "+15550123"
    assert trigger["call"]["party_uri"] == "tel:+15550123"
    assert trigger["calls_in_queue"] == 1
    assert trigger["pbx"]["entry_id"] == office.entry_id
    await hangs_up(office, simulator, ref)
    await waits(office, simulator, SUPPORT)
    await until(lambda: len(events) == 2)


@pytest.mark.parametrize(
    "options",
    [
        {"pilot": SUPPORT},
        {"pilot": ["support", "999"]},
        {"queue": "Support"},
        {"pilot": [SALES, SUPPORT], "queue": ["support"]},
    ],
)
async def test_only_where_it_was_chosen(
    home: HomeAssistant, simulator: Simulator, office: MockConfigEntry, options: dict[str, Any]
) -> None:
    events = await on(home, "call_waiting", **options)
    await until(lambda: SUPPORT in watched(office))
    assert (SALES in watched(office)) is (SALES in options.get("pilot", [SALES])), "no more is watched than is wanted"
    simulator.switch.incoming_external("+15550100", SALES)
    await waits(office, simulator, SUPPORT)
    await until(lambda: events)
    await home.async_block_till_done()
    assert [data(event)["pilot"]["name"] for event in events] == ["Support"]


async def test_after_a_time(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """Who hangs up before has not waited for so long."""
    events = await on(home, "call_waiting", **{"for": FIVE})
    await watching(office, SALES, SUPPORT)
    gone = await waits(office, simulator, SALES, "+15550100")
    await waits(office, simulator, SALES)
    await hangs_up(office, simulator, gone)
    assert not events
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: events)
    assert [data(event)["call"]["party_number"] for event in events] == ["+15550123"]


async def test_automations_that_are_loaded_anew(
    home: HomeAssistant, simulator: Simulator, office: MockConfigEntry
) -> None:
    """What was timed ends with the old ones, and who still waits is timed by the new ones."""
    events = await on(home, "call_waiting", **{"for": FIVE})
    await watching(office, SALES, SUPPORT)
    await waits(office, simulator, SALES)
    await home.services.async_call("automation", "turn_off", {"entity_id": "automation.test"}, blocking=True)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert not events
    await home.services.async_call("automation", "turn_on", {"entity_id": "automation.test"}, blocking=True)
    assert watched(office) == {SALES, SUPPORT}, "nothing was given up in between"
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: len(events) == 1)


async def test_who_has_waited_for_long_enough_before_is_not_told_of(
    home: HomeAssistant, simulator: Simulator, office: MockConfigEntry
) -> None:
    """The automation that was there before has done it."""
    await office.runtime_data.pbx.pilots.watch(SALES).start()
    await waits(office, simulator, SALES, "+15550100")
    events = await on(home, "call_waiting", pilot=SALES)
    await waits(office, simulator, SALES)
    await until(lambda: events)
    await home.async_block_till_done()
    assert [data(event)["call"]["party_number"] for event in events] == ["+15550123"]


def goes(hass: HomeAssistant, kind: str, queue: str | None = None, *, left_at: datetime | None = None) -> None:
    """Let a call be put into a queue, or leave."""
    happenings_of(hass).async_fire(
        Happening(
            kind=kind,
            device_id=None,
            pbx_device_id=None,
            what="",
            data={
                "pbx": {"entry_id": "1"},
                "pilot": {"number": SALES, "name": "Sales"},
                "queue": {"number": queue, "name": None},
                "call": {"call_id": "1"},
            },
            waiting=WaitingCall(ref="1", pilot=SALES, queue=queue, queued_since=dt_util.utcnow(), left_at=left_at),
        )
    )


@pytest.mark.parametrize(("options", "fires"), [({}, 1), ({"queue": "1"}, 0), ({"queue": "2"}, 1), ({"queue": "3"}, 0)])
async def test_a_call_that_goes_from_queue_to_queue(
    home: HomeAssistant, office: MockConfigEntry, options: dict[str, Any], fires: int
) -> None:
    """It waits on, unless a queue was chosen: then it has to wait there."""
    events = await on(home, "call_waiting", **options, **{"for": FIVE})
    goes(home, "call_waiting", "1")
    goes(home, "call_waiting", "2")
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert len(events) == fires


async def test_once_for_each_call(home: HomeAssistant, office: MockConfigEntry) -> None:
    """It is another call only once it was seen to leave."""
    events = await on(home, "call_waiting")
    goes(home, "call_waiting", "1")
    goes(home, "call_waiting", "2")
    goes(home, "call_waiting_over", "2")
    goes(home, "call_waiting", "1")
    await home.async_block_till_done()
    assert len(events) == 1
    goes(home, "call_waiting_over", "1", left_at=dt_util.utcnow())
    goes(home, "call_waiting", "1")
    await home.async_block_till_done()
    assert len(events) == 2


async def test_a_loss(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """Nobody knows whether the caller still waits, so nothing fires; the next one is seen again."""
    events = await on(home, "call_waiting", pilot=SALES, **{"for": FIVE})
    await watching(office, SALES)
    await waits(office, simulator, SALES, "+15550100")
    await go_away(home, simulator, office)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert not events
    await come_back(home, simulator, office)
    await watching(office, SALES)
    await waits(office, simulator, SALES)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: events)
    assert [data(event)["call"]["party_number"] for event in events] == ["+15550123"]


async def test_it_survives_a_reload(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    events = await on(home, "call_waiting", pilot="Sales", **{"for": FIVE})
    await watching(office, SALES)
    await waits(office, simulator, SALES, "+15550100")
    await reload(home, office)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await home.async_block_till_done()
    assert not events
    await watching(office, SALES)
    await waits(office, simulator, SALES)
    async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: len(events) == 1)


async def test_whose_pbx_was_chosen(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """The PBX by its device; another target is none of ours."""
    [service] = (
        one
        for one in dr.async_entries_for_config_entry(dr.async_get(home), office.entry_id)
        if one.entry_type is dr.DeviceEntryType.SERVICE
    )
    nobody = lr.async_get(home).async_create("Nobody").label_id
    events = await listen(
        home,
        {"trigger": "pbx.call_waiting", "target": {"label_id": nobody}, "options": {"pilot": SALES}},
        {"trigger": "pbx.call_waiting", "target": {"device_id": service.id}, "options": {"pilot": SALES}},
    )
    await watching(office, SALES)
    await waits(office, simulator, SALES)
    await until(lambda: events)
    await home.async_block_till_done()
    assert [data(event)["idx"] for event in events] == ["1"]


async def test_what_is_wanted_no_longer_is_given_up_with_the_next_look(
    home: HomeAssistant, simulator: Simulator, office: MockConfigEntry
) -> None:
    await on(home, "call_waiting")
    await watching(office, SALES, SUPPORT)
    await home.services.async_call("automation", "turn_off", {"entity_id": "automation.test"}, blocking=True)
    office.runtime_data.async_notify_system()
    await watching(office)


async def test_a_user_cannot_see_who_waits(home: HomeAssistant, simulator: Simulator) -> None:
    """The trigger waits in vain, and nothing is asked for."""
    entry = await set_up(home, make_entry(user(simulator, "oxe1000")))
    await on(home, "call_waiting")
    await home.async_block_till_done(wait_background_tasks=True)
    assert watched(entry) == set()


@pytest.mark.parametrize("options", [{"pilot": 800}, {"queue": [""]}, {"for": {"minutes": -1}}, {"from": "1000"}])
async def test_fields_that_mean_nothing_are_refused(home: HomeAssistant, options: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(home, [{"platform": "pbx.call_waiting", "options": options}])
