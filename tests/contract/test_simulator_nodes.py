"""The simulator's analytics, user management, recording, intrusion and maintenance events over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.errors import NotAllowed, NotFound, NotReady, NotSupported, RequestRefused
from aiopbx.o2g.types import analytics, recording
from aiopbx.o2g.types.user_management import CreateUsersRequest
from aiopbx.simulator import SimulatorSettings
from tests.contract.additions import AddedOperationRow, events, operations
from tests.contract.call_centre import ALICE, BOB, Case, Centre, centre_of, settings
from tests.contract.rows import TypeRow, held
from tests.contract.simulated import CAROL, DAVID

ROWS = {row.id: row for row in operations()}
EVENTS = [row for row in events() if row.chapter == "Maintenance" or row.name == "OnAgentSkillChanged"]
EVERYWHERE = [row for row in events() if row.name == "OnChannelInformation"]


def chosen(**more: Any) -> SimulatorSettings:
    """Two recorders, and a subscriber whom the server does not know yet."""
    found = settings(
        {
            "recorders": [
                {"name": "One", "devices": ["1000", "1001"], "start": "RECORD_ENTIRE_CALL"},
                {"name": "All", "devices": ["1002"], "on_demand": False},
            ],
            "intrusion": True,
        },
        **more,
    )
    new = {"login": "oxe1005", "number": "1005", "first_name": "Nora", "managed": False}
    return SimulatorSettings.model_validate(
        {
            **{name: getattr(found, name) for name in found.model_fields_set},
            "users": [*found.users, new],
        }
    )


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with centre_of(chosen()) as centre:
        yield centre


# -- analytics --------------------------------------------------------------------------------------------------


async def incidents(centre: Centre) -> None:
    centre.switch.set_device_state("1002", "OUT_OF_SERVICE")
    centre.after(60)
    centre.switch.nodes.management_link_down("1")
    found = (await centre.client.analytics.incidents(node_id=1)).incidents
    assert [(one.value, one.severity, one.termination, one.hour) for one in found] == [
        ("2021", 2, None, "09:01:00"),
        ("386", 3, "1002", "09:00:00"),
    ]
    assert [one.value for one in (await centre.client.analytics.incidents(node_id=1, last=1)).incidents] == ["2021"]
    with pytest.raises(RequestRefused, match="no node"):
        await centre.client.analytics.incidents(node_id=77)


def outside(centre: Centre, seconds: int = 90) -> None:
    """David talks to a number outside."""
    ref = centre.world.dial(DAVID, "0015550199")
    centre.switch.external_answer(ref)
    centre.after(seconds)
    centre.switch.drop(DAVID, ref)


async def files(centre: Centre) -> None:
    assert (await centre.client.analytics.charging_files(node_id=1)).files == ()
    outside(centre)
    centre.after(80_000)
    outside(centre)
    client = await centre.another()
    found = (await client.analytics.charging_files(node_id=1)).files
    assert [(one.name, one.date, one.time) for one in found] == [
        ("TAX20260105.DAT", "05/01/26", "09:00:00"),
        ("TAX20260106.DAT", "06/01/26", "07:14:50"),
    ]
    found = (await client.analytics.charging_files(node_id=1, from_date="20260106", to_date="20260131")).files
    assert [one.name for one in found] == ["TAX20260106.DAT"]


async def tickets(centre: Centre) -> None:
    outside(centre)
    centre.talks()
    (call,) = centre.switch.calls
    centre.after(30)
    centre.switch.external_hang_up(call)
    found = await centre.client.analytics.charging(node_id=1)
    (ticket,) = found.chargings
    assert (ticket.caller, ticket.called, ticket.duration, ticket.charging_units, ticket.cost) == (
        "1003",
        "0015550199",
        90,
        2,
        0.2,
    )
    assert (found.nb_charging_files, found.total_ticket_nb, found.valuable_ticket_nb) == (1, 2, 1)
    everything = await centre.client.analytics.charging(node_id=1, files=["TAX20260105.DAT"], all=True)
    assert [one.call_type for one in everything.chargings] == [
        analytics.CallType.PUBLIC_NETWORK_INCOMING_CALL,
        analytics.CallType.PUBLIC_NETWORK_CALL,
    ]
    assert len((await centre.client.analytics.charging(node_id=1, top=1, all=True)).chargings) == 1
    with pytest.raises(RequestRefused, match="no file nothing"):
        await centre.client.analytics.charging(node_id=1, files="nothing")


# -- user management --------------------------------------------------------------------------------------------


async def users(centre: Centre) -> None:
    found = (await centre.client.user_management.managed_logins(node_ids=["1", "2"])).login_names
    assert found == (ALICE, BOB, CAROL, DAVID, "basic")
    assert (await centre.client.user_management.managed_logins(device_number="1001")).login_names == (BOB,)
    assert (await centre.client.user_management.managed_logins(node_ids="7")).login_names == ()


async def users_created(centre: Centre) -> None:
    await centre.listen("userManagement")
    found = (await centre.client.user_management.create_users(CreateUsersRequest(node_id=1, all=True))).users
    assert [(user.login_name, user.first_name) for user in found] == [("oxe1005", "Nora")]
    assert [event["user"]["loginName"] for event in centre.events()] == ["oxe1005"]
    client = await centre.another("oxe1005")  # with the password of before
    assert (await client.users.user("oxe1005")).company_phone == "1005"
    assert centre.world.dial(DAVID, "1005")
    with pytest.raises(RequestRefused, match="no subscriber 4711"):
        await centre.client.user_management.create_users(CreateUsersRequest(node_id=1, device_numbers=("4711",)))


async def user_read(centre: Centre) -> None:
    assert (await centre.client.user_management.managed_user(BOB)).company_phone == "1001"
    with pytest.raises(NotFound, match="no user oxe1005"):
        await centre.client.user_management.managed_user("oxe1005")


async def user_deleted(centre: Centre) -> None:
    await centre.listen("userManagement")
    await centre.client.user_management.delete_user(DAVID)
    assert [(event["eventName"], event["loginName"]) for event in centre.events()] == [("OnUserDeleted", DAVID)]
    with pytest.raises(NotFound):
        await centre.client.user_management.delete_user(DAVID)
    (user,) = (
        await centre.client.user_management.create_users(CreateUsersRequest(node_id=1, device_numbers=("1003",)))
    ).users
    assert (user.login_name, user.last_name) == (DAVID, "Okafor")  # on the node nothing has changed


# -- recording --------------------------------------------------------------------------------------------------


async def recorded_devices(centre: Centre) -> None:
    assert (await centre.client.recording.recording_devices()).recording_devices == ("1000", "1001", "1002")
    with pytest.raises(NotAllowed):
        await (await centre.another(BOB)).recording.recording_devices()


async def recorded_device(centre: Centre) -> None:
    found = await centre.client.recording.recorded_device("1001", login_name=BOB)
    assert (found.recordable, found.start_capabilities, found.recorders) == (True, "RECORD_ENTIRE_CALL", ("One",))
    assert (await centre.client.recording.recorded_device("1002", login_name=CAROL)).recordable is False
    with pytest.raises(NotFound, match="no recorder records 1003"):
        await centre.client.recording.recorded_device("1003", login_name=DAVID)
    with pytest.raises(NotAllowed, match="no telephone of"):
        await (await centre.another(BOB)).recording.recorded_device("1000")


async def recording_started(centre: Centre) -> None:
    bob = await centre.another(BOB)
    ref = centre.talks()
    request = recording.StartRecordingRequest(call_ref=ref, start_type=recording.RecordingStartType.RECORD_FROM_NOW)
    assert (await bob.recording.start_recording("1001", request)).number == "1001"
    state = centre.switch.recorders.state
    assert state("1001", ref) == "RECORDING_IN_PROGRESS"
    centre.switch.hold(BOB, ref, "1001")
    assert state("1001", ref) == "RECORDING_IN_PAUSE"  # nothing is said
    centre.switch.retrieve(BOB, ref, "1001")
    with pytest.raises(RequestRefused, match="recorded already"):
        await bob.recording.start_recording("1001", request)
    with pytest.raises(RequestRefused, match="no call"):
        await bob.recording.start_recording("1001", recording.StartRecordingRequest(call_ref="nothing"))
    with pytest.raises(RequestRefused, match="recorded by the system"):
        await centre.client.recording.start_recording(
            "1002", recording.StartRecordingRequest(call_ref=ref), login_name=CAROL
        )
    centre.switch.drop(BOB, ref)
    assert state("1001", ref) == "NO_RECORDING_IN_PROGRESS"


async def recording_paused(centre: Centre) -> None:
    ref = centre.talks()
    request = recording.RecordingRequest(call_ref=ref)
    with pytest.raises(RequestRefused, match="not being recorded"):
        await centre.client.recording.pause_recording("1001", request, login_name=BOB)
    await centre.client.recording.start_recording("1001", recording.StartRecordingRequest(call_ref=ref), login_name=BOB)
    await centre.client.recording.pause_recording("1001", request, login_name=BOB)
    assert centre.switch.recorders.state("1001", ref) == "RECORDING_IN_PAUSE"


async def recording_resumed(centre: Centre) -> None:
    await recording_paused(centre)
    (ref,) = centre.switch.calls
    await centre.client.recording.resume_recording("1001", recording.RecordingRequest(call_ref=ref), login_name=BOB)
    assert centre.switch.recorders.state("1001", ref) == "RECORDING_IN_PROGRESS"


async def recorders(centre: Centre) -> None:
    found = await centre.client.recording.recording_status()
    assert [(one.name, one.connected, len(one.devices)) for one in found.recorders] == [
        ("One", True, 2),
        ("All", True, 1),
    ]
    mine = await (await centre.another(BOB)).recording.recording_status()
    assert [one.number for one in mine.devices] == ["1001"]


# -- intrusion --------------------------------------------------------------------------------------------------


async def intrusion(centre: Centre) -> None:
    ref = centre.world.talks(CAROL, "basic")
    centre.switch.users["basic"].lines = 1
    mine = centre.world.dial(DAVID, "1009")
    assert "intrusion" in centre.switch.call_actions(DAVID, mine)
    david = await centre.another(DAVID)
    (call,) = (await david.telephony.calls()).calls
    assert call.call_data is not None
    assert call.call_data.capabilities is not None
    assert call.call_data.capabilities.intrusion is True
    await david.telephony.intrude_on_call("1003")
    assert {member.login for member in centre.switch.calls[ref].members} == {CAROL, "basic", DAVID}
    assert mine not in centre.switch.calls
    with pytest.raises(RequestRefused, match="nobody busy"):
        await david.telephony.intrude_on_call("1003")


async def microphone(centre: Centre) -> None:
    ref = centre.world.talks(CAROL, DAVID)
    david = await centre.another(DAVID)
    await david.telephony.toggle_intercom_microphone("1003")
    assert not centre.switch.microphone(ref, "1003")
    await david.telephony.toggle_intercom_microphone("1003")
    assert centre.switch.microphone(ref, "1003")
    centre.switch.drop(DAVID, ref)
    with pytest.raises(RequestRefused, match="in no call"):
        await david.telephony.toggle_intercom_microphone("1003")


CASES: dict[str, Case] = {
    "analytics GET /incidents": incidents,
    "analytics GET /charging/files": files,
    "analytics GET /charging": tickets,
    "usermanagement GET ": users,
    "usermanagement POST ": users_created,
    "usermanagement GET /{loginName}": user_read,
    "usermanagement DELETE /{loginName}": user_deleted,
    "oxr recording GET /devices": recorded_devices,
    "oxr recording GET /devices/{deviceId}": recorded_device,
    "oxr recording POST /devices/{deviceId}/start": recording_started,
    "oxr recording POST /devices/{deviceId}/pause": recording_paused,
    "oxr recording POST /devices/{deviceId}/resume": recording_resumed,
    "oxr recording GET /status": recorders,
    "telephony POST /devices/{deviceId}/intrusion": intrusion,
    "telephony PUT /devices/{deviceId}/ithmicro": microphone,
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


async def test_a_node_out_of_reach_has_no_logs(centre: Centre) -> None:
    centre.switch.nodes.link_down("1")
    with pytest.raises(NotReady, match="SSH"):
        await centre.client.analytics.incidents(node_id=1)


async def test_without_recorders_there_is_no_service() -> None:
    async with centre_of() as centre:
        with pytest.raises(NotSupported, match="has no service"):
            await centre.client.recording.recording_devices()


async def test_a_call_that_others_join_is_recorded_no_longer(centre: Centre) -> None:
    ref = centre.talks()
    await centre.client.recording.start_recording("1001", recording.StartRecordingRequest(call_ref=ref), login_name=BOB)
    centre.switch.intrude(ALICE, "1001")
    assert centre.switch.recorders.state("1001", ref) == "NO_RECORDING_IN_PROGRESS"


@held("O2G events of the additions", "simulator", EVENTS)
async def test_the_event_is_sent(row: TypeRow) -> None:
    async with centre_of(chosen(ha=True)) as centre:
        await centre.listen("system", "agent")
        centre.switch.nodes.management_link_down("1")
        centre.switch.nodes.management_link_up("1")
        centre.switch.set_skill(ALICE, 7, active=False)
        simulator = centre.world.simulator
        await simulator.take_down("secondary")
        await simulator.bring_back("secondary", in_charge=False)
        simulator.announce_start()
        found = [event for event in centre.events() if event["eventName"] == row.name]
        assert found, f"{row.name} was never sent"


@held("O2G events of the additions", "simulator", EVERYWHERE)
async def test_the_channel_speaks_of_itself(row: TypeRow, centre: Centre) -> None:
    await centre.listen("agent")
    (subscribed,) = centre.world.simulator.server.subscriptions.all
    url = f"{centre.world.simulator.event_url}/OTEvents?subscriptionId={subscribed.id}"
    async with centre.http.get(url) as channel:
        line = await channel.content.readline()
    assert row.name.encode() in line
