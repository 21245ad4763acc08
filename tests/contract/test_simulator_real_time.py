"""The simulator's call centre in real time over HTTP: contexts, and events that hold what has changed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.errors import NotFound, RequestRefused
from aiopbx.o2g.types import real_time
from tests.contract.additions import AddedOperationRow, events, operations
from tests.contract.call_centre import ALICE, BOB, PILOT, SALES, SUPPORT, Case, Centre, centre_of, settings
from tests.contract.rows import TypeRow, held

ROWS = {row.id: row for row in operations()}
CHAPTER = [row for row in events() if row.chapter == "ACD real-time"]
EVERYTHING = real_time.RtiFilter(
    agent_filter=real_time.RtiAgentFilter(numbers=("*",), attributes=(real_time.RtiAgentAttributes.ALL,)),
    pilot_filter=real_time.RtiPilotFilter(numbers=(PILOT,)),
    queue_filter=real_time.RtiQueueFilter(),
    pg_agent_filter=real_time.RtiAgentProcessingGroupFilter(numbers=(SALES,)),
    pg_other_filter=real_time.RtiOtherProcessingGroupFilter(),
)
QUEUE_ONLY = real_time.RtiFilter(
    queue_filter=real_time.RtiQueueFilter(
        numbers=(PILOT,), attributes=(real_time.RtiQueueAttributes.NB_OF_WAITING_CALLS,)
    )
)


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    pilot = {"number": PILOT, "name": "Sales", "groups": [SALES], "overflow": "1002"}
    async with centre_of(settings({"pilots": [pilot]})) as centre:
        await centre.listen("rti")
        yield centre


def context(wanted: real_time.RtiFilter = EVERYTHING, minutes: int = 15, seconds: int = 5) -> real_time.RtiContext:
    return real_time.RtiContext(obs_period=minutes, notif_frequency=seconds, filter=wanted)


def figures(centre: Centre, name: str, number: str) -> dict[str, Any]:
    """The one event of a name and an object."""
    (found,) = [one for one in centre.events() if (one["eventName"], one["number"]) == (name, number)]
    return found


async def set_and_read(centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context(QUEUE_ONLY, 60, 10))
    found = await centre.client.real_time.real_time_context()
    assert (found.obs_period, found.notif_frequency, found.active) == (60, 10, False)
    assert found.filter == QUEUE_ONLY
    await centre.client.real_time.real_time_snapshot()
    assert (await centre.client.real_time.real_time_context()).active is True


async def read_none(centre: Centre) -> None:
    with pytest.raises(NotFound, match="no context"):
        await centre.client.real_time.real_time_context()
    await set_and_read(centre)


async def replaced(centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()
    assert len(centre.events()) > 1
    await centre.client.real_time.set_real_time_context(context(QUEUE_ONLY))
    centre.after(60)
    assert centre.events() == []  # the former one has ended, and the new one has not begun
    await centre.client.real_time.real_time_snapshot()
    assert [event["eventName"] for event in centre.events()] == ["OnQueueRtiChanged"]


async def deleted(centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()
    centre.events()
    await centre.client.real_time.delete_real_time_context()
    centre.calls()
    centre.after(60)
    assert centre.events() == []
    with pytest.raises(NotFound):
        await centre.client.real_time.real_time_context()


async def started(centre: Centre) -> None:
    with pytest.raises(RequestRefused, match="set one first"):
        await centre.client.real_time.real_time_snapshot()
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()
    names = [event["eventName"] for event in centre.events()]
    assert names == [
        *["OnAgentRtiChanged"] * 2,
        "OnPilotRtiChanged",
        "OnQueueRtiChanged",
        "OnPGAgentRtiChanged",
        "OnPGOtherRtiChanged",
    ]
    centre.after(60)
    assert centre.events() == []  # nothing has changed


CASES: dict[str, Case] = {
    "acdrealtime GET /ctx": read_none,
    "acdrealtime POST /ctx": replaced,
    "acdrealtime DELETE /ctx": deleted,
    "acdrealtime POST /snapshot": started,
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


@held("O2G events of the additions", "simulator", CHAPTER)
async def test_the_event_is_sent_and_then_what_changes(row: TypeRow, centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()
    assert row.name in [event["eventName"] for event in centre.events()]
    centre.switch.agent_log_off(ALICE)
    centre.talks()
    centre.switch.block_pilot(PILOT)
    centre.calls(caller="0015550101")  # is turned away, to the overflow
    centre.after(5)
    mine = [event for event in centre.events() if event["eventName"] == row.name]
    assert mine


async def test_events_merge_to_what_is(centre: Centre) -> None:
    """Whoever keeps what came, and lays over it what comes, has the figures as they are."""
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()
    kept: dict[tuple[str, str], dict[str, Any]] = {}

    def merge() -> None:
        for event in centre.events():
            kept.setdefault((event["eventName"], event["number"]), {}).update(event)

    merge()
    bob, pilot = kept["OnAgentRtiChanged", "1001"], kept["OnPilotRtiChanged", PILOT]
    assert (bob["phoneState"], bob["serviceState"], bob["firstName"]) == ("Idle", "Assigned", "Bob")
    assert (pilot["serviceLevel"], pilot["nbOfRunningCalls"], pilot["state"]) == (100, 0, "Opened")
    ref = centre.talks()
    centre.calls(caller="0015550101")
    centre.after(5)
    merge()
    assert (bob["phoneState"], bob["nbOfServedACDCalls"], bob["pilotName"]) == ("AcdConversation", 1, "Sales")
    assert (pilot["nbOfCallsInConversation"], pilot["nbOfWaitingCalls"], pilot["incomingTraffic"]) == (1, 1, 2)
    queue, group = kept["OnQueueRtiChanged", PILOT], kept["OnPGAgentRtiChanged", SALES]
    assert (queue["nbOfWaitingCalls"], queue["currentWaitingTime"], queue["fillingRate"]) == (1, 5, 5)
    assert (group["nbOfLoggedOnAgents"], group["nbOfAgentsInACDConv"], group["nbOfAgentsInPause"]) == (2, 1, 1)
    centre.switch.external_hang_up(ref)
    centre.after(10)  # the wrap-up is over, and the other call rings
    merge()
    assert (bob["phoneState"], queue["nbOfWaitingCalls"]) == ("AcdRinging", 0)
    centre.after(15)  # nobody takes it
    merge()
    assert (bob["serviceState"], bob["nbOfRefusedACDCalls"], bob["nbOfWithdrawals"]) == ("Withdrawn", 1, 1)
    assert (bob["pilotName"], queue["currentWaitingTime"]) == ("", 30)
    centre.after(300)
    merge()
    assert (pilot["nbOfWaitingCalls"], pilot["efficiency"]) == (0, 50)
    assert kept["OnPGOtherRtiChanged", "1002"]["nbOfACDCalls"] == 1


async def test_only_what_is_asked_for_comes(centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context(QUEUE_ONLY, seconds=30))
    await centre.client.real_time.real_time_snapshot()
    assert figures(centre, "OnQueueRtiChanged", PILOT)["nbOfWaitingCalls"] == 0
    centre.switch.agent_pause(BOB)
    centre.calls()
    centre.after(29)
    assert centre.events() == []
    centre.after(1)
    found = figures(centre, "OnQueueRtiChanged", PILOT)
    assert found == {
        "eventName": "OnQueueRtiChanged",
        "number": PILOT,
        "name": "Sales",
        "type": "Normal",
        "afeKey": 1,
        "nbOfWaitingCalls": 1,
    }


async def test_groups_are_named_in_two_ways(centre: Centre) -> None:
    wanted = real_time.RtiFilter(
        team_filter=real_time.RtiAgentProcessingGroupFilter(numbers=(SUPPORT,)),
        other_pg_filter=real_time.RtiOtherProcessingGroupFilter(),
    )
    await centre.client.real_time.set_real_time_context(context(wanted))
    await centre.client.real_time.real_time_snapshot()
    assert [(event["eventName"], event["number"]) for event in centre.events()] == [
        ("OnPGAgentRtiChanged", SUPPORT),
        ("OnPGOtherRtiChanged", "1002"),
    ]


async def test_a_session_that_ends_has_no_more_events(centre: Centre) -> None:
    other = await centre.another()
    await other.real_time.set_real_time_context(context())
    await other.real_time.real_time_snapshot()
    pending = centre.world.clock.pending
    await other.close()
    assert centre.world.clock.pending < pending
    with pytest.raises(RequestRefused, match="no agent with the number 4711"):
        await centre.client.real_time.set_real_time_context(
            context(real_time.RtiFilter(agent_filter=real_time.RtiAgentFilter(numbers=("4711",))))
        )


async def test_each_call_of_an_agent_makes_a_state_of_its_set(centre: Centre) -> None:
    await centre.client.real_time.set_real_time_context(context())
    await centre.client.real_time.real_time_snapshot()

    def state() -> Any:
        centre.after(5)
        return next(event.get("phoneState") for event in centre.events() if event["number"] == "1001")

    centre.events()
    ref = centre.world.dial(BOB, "1002")
    assert state() == "Dialing"
    centre.switch.answer("oxe1002", ref, "1002")
    assert state() == "PrivateLocalConversation"
    centre.switch.hold(BOB, ref, "1001")
    assert state() == "Held"
    centre.switch.retrieve(BOB, ref, "1001")
    centre.switch.drop(BOB, ref)
    assert state() == "Idle"
    centre.switch.incoming_external("0015550101", "1001")
    assert state() == "PrivateRinging"
