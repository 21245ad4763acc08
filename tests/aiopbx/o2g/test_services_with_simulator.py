"""Directory, log, voicemail and maintenance: our client on our simulator, over HTTP."""

import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import aiopbx
from aiopbx.errors import PbxError
from aiopbx.filters import field
from aiopbx.o2g.types.comlog import Role, UpdateComRecordsRequest
from aiopbx.o2g.types.maintenance import CTILinkState
from aiopbx.o2g.types.voicemail import ConnectRequest
from aiopbx.simulator import Simulator, SimulatorSettings

SETTINGS: dict[str, Any] = {
    "contacts": [{"number": f"00155501{n:02}", "first_name": "Ma", "last_name": f"Example {n:02}"} for n in range(25)],
    "directory_pause": 0.01,
}


@asynccontextmanager
async def connected(username: str = "oxe1000", password: str = "secret", **more: Any) -> AsyncIterator[Any]:
    async with (
        Simulator(SimulatorSettings(switch=SETTINGS, **more)) as simulator,
        aiopbx.connect(url=simulator.url, username=username, password=password) as pbx,
    ):
        yield simulator, pbx.o2g


def message(simulator: Simulator) -> None:
    """Bob calls Alice and speaks to her mailbox."""
    call = simulator.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
    simulator.switch.overflow_to_voicemail("oxe1001", call.ref)
    simulator.switch.drop("oxe1001", call.ref)


async def test_a_search_gives_everybody_it_should() -> None:
    async with connected() as (_, o2g):
        wanted = field("firstName").begins_with("ma") | field("lastName").begins_with("ma")
        found = [contact async for contact in o2g.directory.search_all(wanted)]
        assert [contact.last_name for contact in found] == [*(f"Example {n:02}" for n in range(25)), "Martin"]
        assert found[-1].id.login_name == "oxe1000"
        few = [contact async for contact in o2g.directory.search_all(wanted, limit=3)]
        assert len(few) == 3
        by_keys = [contact.first_name async for contact in o2g.directory.search_by_keys("65")]  # the keys of OK
        assert by_keys == ["David"]


async def test_a_search_that_is_left_makes_room_for_the_next() -> None:
    async with connected() as (_, o2g):
        for _ in range(3):
            async with o2g.directory.search_all(field("firstName").begins_with("ma")) as search:
                async for _ in search:
                    break
        assert [contact async for contact in o2g.directory.search_all(field("lastName").equals("nobody"))] == []


async def test_the_log_is_read_acknowledged_and_deleted() -> None:
    async with connected() as (simulator, o2g):
        log = o2g.communication_log
        for _ in range(5):
            message(simulator)
        records = [record async for record in log.all_records(unanswered=True, page=2)]
        assert len(records) == 5
        assert all(record.acknowledged is False for record in records)
        body = UpdateComRecordsRequest(record_ids=(records[0].record_id, records[1].record_id))
        await log.acknowledge_records(body, acknowledge=True)
        assert (await log.records(unacknowledged=True)).total_count == 3
        assert (await o2g.event_summary.event_summary()).missed_calls_nb == 3
        now = simulator.clock.utc()
        assert (await log.records(after_date=now + timedelta(hours=1))).total_count == 0
        assert (await log.records(before_date=now + timedelta(hours=1), role=Role.CALLEE)).total_count == 5
        one = await log.record(records[0].record_id)
        assert one.com_ref == records[0].com_ref
        await log.delete_record(one.record_id)
        await log.delete_records(record_id_list=[records[1].record_id])
        await log.delete_records(unacknowledged=True)
        assert (await log.record_ids()).record_ids == ()
        message(simulator)
        await log.delete_records(all=True)
        assert (await log.record_ids()).record_ids == ()


async def test_messages_are_heard_saved_and_deleted(tmp_path: Path) -> None:
    async with connected() as (simulator, o2g):
        for _ in range(3):
            message(simulator)
        voicemail = o2g.voicemail
        (box,) = (await voicemail.mailboxes()).mailboxes
        assert box.capabilities.list_messages
        with pytest.raises(PbxError):
            await voicemail.connect_mailbox(box.id, ConnectRequest(password="guess"))
        with pytest.raises(PbxError):
            await voicemail.voicemails(box.id)
        info = await voicemail.connect_mailbox(box.id, with_user_pwd=True)
        assert (info.total_voice_msg, info.new_voice_msg) == (3, 3)
        messages = [item async for item in voicemail.all_voicemails(box.id, page=2)]
        assert [item.unread for item in messages] == [True] * 3
        size = await voicemail.save_voicemail(box.id, messages[0].voicemail_id, tmp_path / "message.wav")
        assert size == (tmp_path / "message.wav").stat().st_size
        with wave.open(str(tmp_path / "message.wav")) as sound:
            assert sound.getnframes() == messages[0].duration * 8000
        assert [item.unread for item in (await voicemail.voicemails(box.id)).voicemails] == [False, True, True]
        await voicemail.delete_voicemail(box.id, messages[0].voicemail_id)
        await voicemail.delete_voicemails(box.id, msg_ids=[messages[1].voicemail_id, "nothing"])
        assert len((await voicemail.voicemails(box.id)).voicemails) == 1
        await voicemail.delete_voicemails(box.id, all=True)
        assert (await o2g.event_summary.event_summary()).voice_messages_nb == 0


async def test_the_system_and_its_licences() -> None:
    async with connected("admin", "admin") as (simulator, o2g):
        status = await o2g.maintenance.system_status()
        assert status.pbxs[0].cti_link_state == CTILinkState.CONNECTED_MAIN
        assert {licence.name for licence in status.license.lics} >= {"ROXE_API_MESSAGING", "ROXE_API_MANAGEMENT"}
        await o2g.maintenance.license_available(lic="ROXE_API_MESSAGING")
        with pytest.raises(PbxError) as refused:
            await o2g.maintenance.license_available(lic="ROXE_HA")
        assert "ROXE_HA" in str(refused.value)
        simulator.faults.cti_link_down()
        assert (await o2g.maintenance.system_status()).pbxs[0].connected is False
