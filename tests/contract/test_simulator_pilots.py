"""Pilots of the simulator over HTTP: what waits, opening, rules and calendars, by which the switch goes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.errors import NotAllowed, NotFound, NotReady, NotSupported, RequestRefused
from aiopbx.o2g.types import pilots
from aiopbx.o2g.types.pilots import PilotOperatingMode, PilotTransition
from tests.contract.additions import AddedOperationRow, events, operations
from tests.contract.call_centre import ALICE, BOB, PILOT, SUPPORT, Case, Centre, centre_of, settings
from tests.contract.rows import TypeRow, held
from tests.contract.simulated import CAROL

ROWS = {row.id: row for row in operations()}
EVENTS = [row for row in events() if row.name.startswith("OnPilotCall")]
NORMAL = PilotOperatingMode.NORMAL
CLOSED = PilotOperatingMode.CLOSED


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with centre_of() as centre:
        yield centre


def at(time: str, rule: int | None = 1, mode: PilotOperatingMode = NORMAL) -> PilotTransition:
    return PilotTransition(time=time, rule_number=rule, mode=mode)


def times(calendar: Any) -> dict[str, list[tuple[int | None, str | None]]]:
    """What a calendar says: number and time of each transition, by day."""
    return {
        getattr(day, "day", None) or day.date: [(one.number, one.transition.time) for one in day.list]
        for day in calendar.calendar
    }


# -- watching ---------------------------------------------------------------------------------------------------


async def watched(centre: Centre) -> None:
    await centre.listen("pilot")
    centre.talks()
    assert centre.events() == []  # nobody watches yet
    await centre.client.pilot_monitoring.watch_pilot(PILOT)
    await centre.client.pilot_monitoring.watch_pilot(PILOT)  # and once is enough
    ref = centre.calls(caller="0015550101")
    created, queued = centre.events()
    assert (created["eventName"], created["pilot"], created["caller"]) == ("OnPilotCallCreated", PILOT, "0015550101")
    assert created["callData"]["initialCalled"] == PILOT
    assert (queued["eventName"], queued["numberOfQueued"], queued["callRef"]) == ("OnPilotCallQueued", 1, ref)
    with pytest.raises(RequestRefused, match="no pilot 999"):
        await centre.client.pilot_monitoring.watch_pilot("999")


async def watched_no_longer(centre: Centre) -> None:
    await centre.listen("pilot")
    await centre.client.pilot_monitoring.watch_pilot(PILOT)
    await centre.client.pilot_monitoring.stop_watching_pilot(PILOT)
    centre.calls()
    assert centre.events() == []
    with pytest.raises(RequestRefused, match="not watched"):
        await centre.client.pilot_monitoring.stop_watching_pilot(PILOT)


# -- calendars --------------------------------------------------------------------------------------------------

MONDAY = "20260105"  # where the clock stands, at nine


async def both_calendars(centre: Centre) -> None:
    manage = centre.client.acd_management
    await manage.add_transition(1, PILOT, "monday", at("08:00"))
    await manage.add_exception(1, PILOT, "20261224", at("12:00", 1, CLOSED))
    found = await manage.calendar(1, PILOT)
    assert times(found.normal_days) == {"monday": [(1, "08:00")]}
    assert times(found.exception_days) == {"20261224": [(1, "12:00")]}


async def week(centre: Centre) -> None:
    manage = centre.client.acd_management
    assert (await manage.normal_calendar(1, PILOT)).calendar == ()
    await manage.add_transition(1, PILOT, "tuesday", at("18:00", 1, CLOSED))
    await manage.add_transition(1, PILOT, "tuesday", at("08:00", 2))
    await manage.add_transition(1, PILOT, "monday", at("08:00"))
    assert times(await manage.normal_calendar(1, PILOT)) == {
        "monday": [(1, "08:00")],
        "tuesday": [(1, "08:00"), (2, "18:00")],
    }
    with pytest.raises(NotFound, match="no pilot 999"):
        await manage.normal_calendar(1, "999")


def added(method: str, day: str) -> Case:
    async def check(centre: Centre) -> None:
        add = getattr(centre.client.acd_management, method)
        for hour in range(10):
            await add(1, PILOT, day, at(f"{hour:02}:00"))
        with pytest.raises(RequestRefused, match="10 transitions already"):
            await add(1, PILOT, day, at("23:00"))
        calendars = centre.switch.calendars
        (found,) = {**calendars.normal(PILOT), **calendars.exceptions(PILOT)}.values()
        assert [one.time for one in found] == [f"{hour:02}:00" for hour in range(10)]

    return check


def changed(what: str, day: str) -> Case:
    async def check(centre: Centre) -> None:
        manage = centre.client.acd_management
        add = {"transition": manage.add_transition, "exception": manage.add_exception}[what]
        change = getattr(manage, f"change_{what}")
        await add(1, PILOT, day, at("08:00"))
        await add(1, PILOT, day, at("12:00", 1, CLOSED))
        await change(1, PILOT, day, 2, at("07:00", 2))
        calendars = centre.switch.calendars
        (found,) = {**calendars.normal(PILOT), **calendars.exceptions(PILOT)}.values()
        assert [(one.time, one.rule) for one in found] == [("07:00", 2), ("08:00", 1)]
        with pytest.raises(NotFound, match="has 2 transitions"):
            await change(1, PILOT, day, 3, at("09:00"))
        with pytest.raises(RequestRefused, match="transition at 08:00 already"):
            await change(1, PILOT, day, 1, at("08:00"))
        with pytest.raises(RequestRefused, match="no rule 7"):
            await change(1, PILOT, day, 1, at("09:00", 7))

    return check


def deleted(what: str, day: str) -> Case:
    async def check(centre: Centre) -> None:
        manage = centre.client.acd_management
        add = {"transition": manage.add_transition, "exception": manage.add_exception}[what]
        delete = getattr(manage, f"delete_{what}")
        await add(1, PILOT, day, at("08:00"))
        await add(1, PILOT, day, at("12:00", 1, CLOSED))
        await delete(1, PILOT, day, 1)
        calendars = centre.switch.calendars
        (found,) = {**calendars.normal(PILOT), **calendars.exceptions(PILOT)}.values()
        assert [one.time for one in found] == ["12:00"]
        with pytest.raises(NotFound, match="has 1 transitions"):
            await delete(1, PILOT, day, 2)

    return check


async def exceptions(centre: Centre) -> None:
    manage = centre.client.acd_management
    await manage.add_exception(1, PILOT, "20261231", at("12:00", 1, CLOSED))
    await manage.add_exception(1, PILOT, "20261224", at("12:00", 1, CLOSED))
    assert list(times(await manage.exception_calendar(1, PILOT))) == ["20261224", "20261231"]


_CALENDAR = "acdmanagement {} /{{nodeId}}/pilots/{{pilotNumber}}/calendar{}"
CASES: dict[str, Case] = {
    "acdpilotmonitoring POST /{pilotNumber}": watched,
    "acdpilotmonitoring DELETE /{pilotNumber}": watched_no_longer,
    _CALENDAR.format("GET", ""): both_calendars,
    _CALENDAR.format("GET", "/normal"): week,
    _CALENDAR.format("POST", "/normal/{day}/transitions"): added("add_transition", "friday"),
    _CALENDAR.format("POST", "/normal/{day}"): added("add_transition_to_day", "friday"),
    _CALENDAR.format("PUT", "/normal/{day}/transitions/{index}"): changed("transition", "friday"),
    _CALENDAR.format("DELETE", "/normal/{day}/transitions/{index}"): deleted("transition", "friday"),
    _CALENDAR.format("GET", "/exception"): exceptions,
    _CALENDAR.format("POST", "/exception/{date}/transitions"): added("add_exception", "20261224"),
    _CALENDAR.format("POST", "/exception/{date}"): added("add_exception_to_date", "20261224"),
    _CALENDAR.format("PUT", "/exception/{date}/transitions/{index}"): changed("exception", "20261224"),
    _CALENDAR.format("DELETE", "/exception/{date}/transitions/{index}"): deleted("exception", "20261224"),
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


@held("O2G events of the additions", "simulator", EVENTS)
async def test_the_event_is_sent(row: TypeRow, centre: Centre) -> None:
    await centre.listen("pilot")
    await centre.client.pilot_monitoring.watch_pilot(PILOT)
    ref = centre.talks()
    waits = centre.calls(caller="0015550101")
    centre.switch.external_hang_up(ref)
    centre.after(10)  # until Bob has wrapped up, and gets the other
    mine = [event for event in centre.events() if event["eventName"] == row.name]
    assert [event["callRef"] for event in mine] == ([waits] if row.name == "OnPilotCallQueued" else [ref, waits])


async def test_the_way_of_a_call_that_waits(centre: Centre) -> None:
    await centre.listen("pilot")
    await centre.client.pilot_monitoring.watch_pilot(PILOT)
    first = centre.calls()
    assert [(event["eventName"], event.get("newDestination")) for event in centre.events()] == [
        ("OnPilotCallCreated", None),
        ("OnPilotCallRemoved", "1001"),  # an agent was free: it never waits
    ]
    centre.after(15)  # Bob does not take it, and is withdrawn
    assert [event["eventName"] for event in centre.events()] == ["OnPilotCallCreated", "OnPilotCallQueued"]
    second = centre.calls(caller="0015550101")
    assert [event.get("numberOfQueued") for event in centre.events()] == [None, 2]
    centre.switch.external_hang_up(second)
    (gone,) = centre.events()
    assert (gone["cause"], gone["releasingDevice"], gone["callRef"]) == ("ABANDONED", "0015550101", second)
    assert "newDestination" not in gone
    centre.after(300)  # longer than a call waits at most
    (gone,) = centre.events()
    assert (gone["cause"], gone["callRef"]) == ("NO_AVAILABLE_AGENT", first)


async def test_each_session_watches_for_itself(centre: Centre) -> None:
    other = await centre.another()
    await centre.listen("pilot")
    await centre.listen("pilot", client=other)
    await other.pilot_monitoring.watch_pilot(PILOT)
    centre.calls()
    assert centre.events(0) == []
    assert centre.events(1) != []


async def test_the_calendar_opens_and_closes(centre: Centre) -> None:
    """The switch distributes by it: closed at ten, by the second rule from eleven on."""
    manage = centre.client.acd_management
    await manage.add_transition(1, PILOT, "monday", at("10:00", 1, CLOSED))
    await manage.add_transition(1, PILOT, "monday", at("11:00", 2))
    assert (await manage.pilot(1, PILOT)).state is pilots.ServiceState.OPENED
    centre.after(3600)
    found = await manage.pilot(1, PILOT)
    assert (found.state, found.detailed_state) == (pilots.ServiceState.BLOCKED, "BLOCKED_ON_RULE")
    assert centre.switch.calls.get(centre.calls()) is None  # it was turned away
    await manage.open_pilot(1, PILOT)  # by hand, until the next transition
    ref = centre.calls()
    assert centre.switch.calls[ref].user(BOB) is not None
    centre.switch.external_hang_up(ref)
    centre.after(3600)
    rules = (await manage.pilot(1, PILOT)).rules
    assert rules is not None
    assert [(rule.number, rule.active) for rule in rules.rule_list] == [(1, False), (2, True)]
    centre.switch.agent_log_off(BOB)
    centre.switch.agent_log_off(ALICE)
    centre.switch.agent_log_on(BOB, "1001", SUPPORT)  # whom only the second rule has
    assert centre.switch.calls[centre.calls()].user(BOB) is not None


async def test_a_date_goes_before_the_day_of_the_week(centre: Centre) -> None:
    manage = centre.client.acd_management
    await manage.add_transition(1, PILOT, "monday", at("08:00"))
    await manage.add_exception(1, PILOT, MONDAY, at("08:30", 1, CLOSED))
    assert centre.switch.pilots[PILOT].blocked  # at once: it is nine
    await manage.delete_exception(1, PILOT, MONDAY, 1)
    assert not centre.switch.pilots[PILOT].blocked


async def test_it_forwards_all_calls() -> None:
    async with centre_of() as centre:
        centre.switch.configure_pilot(PILOT, {"forward": "1002"})
        await centre.client.acd_management.add_transition(
            1, PILOT, "monday", at("08:00", 1, PilotOperatingMode.FORWARD)
        )
        found = await centre.client.acd_management.pilot(1, PILOT)
        assert (found.detailed_state, found.possible_transfer) == ("GENERAL_FORWARDING_ON_RULE", False)
        assert centre.switch.calls[centre.calls()].user(CAROL) is not None


async def test_a_transfer_with_wishes(centre: Centre) -> None:
    manage = centre.client.acd_management
    for number, possible in (("1001", True), ("1002", False)):
        wishes = pilots.PilotQueryParam(agent_number=number)
        assert (await manage.pilot_for(1, PILOT, wishes)).possible_transfer is possible


async def test_without_a_link_to_the_node_nothing_is_managed(centre: Centre) -> None:
    centre.switch.nodes.link_down("1")
    with pytest.raises(NotReady, match="no link to the node 1"):
        await centre.client.acd_management.pilots(1)


@pytest.mark.parametrize("licence", ["CONTACTCENTER_SVCS", "CONTACTCENTER_RSI"])
async def test_a_server_without_the_licence_lacks_the_services(licence: str) -> None:
    async with centre_of(settings(licences={licence: 0})) as centre:
        use = {
            "CONTACTCENTER_RSI": centre.client.routing_points.routing_points,
            "CONTACTCENTER_SVCS": lambda: centre.client.pilot_monitoring.watch_pilot(PILOT),
        }[licence]
        with pytest.raises(NotSupported, match="has no service"):
            await use()


async def test_who_asks_anyway_is_refused(centre: Centre) -> None:
    """A licence that runs out while a session lasts."""
    centre.world.simulator.settings.licences["CONTACTCENTER_SVCS"] = 0
    with pytest.raises(NotAllowed, match="CONTACTCENTER_SVCS"):
        await centre.client.pilot_monitoring.watch_pilot(PILOT)
