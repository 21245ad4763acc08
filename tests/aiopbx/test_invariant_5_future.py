"""Invariant 5: the future does not break it. Unknown and malformed is counted, logged once, never raised."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

import aiopbx
from aiopbx import CallEnded, CallStarted, LineState, Outcome, Status
from aiopbx.o2g.types.telephony import CallCause
from tests.aiopbx.model_truth import compare
from tests.aiopbx.o2g.o2g_server import API, O2gServer
from tests.aiopbx.office import Diary, office, until

CAPTURE = Path(__file__).parent / "o2g" / "captures" / "o2g-incoming-call.jsonl"


NOVEL = (
    b'{"eventName":"OnCallCreated","loginName":"oxe19141","callRef":"c1","callData":{"state":"TELEPATHY",'
    b'"novelty":[1]},"legs":"wrong","cause":"NEVER_HEARD_OF","extra":{}}\n'
)


@pytest.fixture
async def server() -> Any:
    """A server of one user, oxe19141, that sends what a test gives it."""
    async with O2gServer() as server:
        server.open_session(login="oxe19141")
        own = {
            "loginName": "oxe19141",
            "companyPhone": "19141",
            "firstName": "SE19141",
            "lastName": "SE19141",
            "devices": [{"type": "DESKPHONE", "id": "19141"}],
        }
        server.answer("GET", f"{API}/users/oxe19141", json=own)
        server.answer("GET", f"{API}/telephony/state", json={})
        server.answer("GET", f"{API}/routing/state", json={})
        server.answer("GET", f"{API}/routing", json={"dnd": True})
        server.answer("GET", f"{API}/telephony/devices", json={})
        server.answer("GET", f"{API}/eventSummary", json={})
        server.answer(
            "GET", f"{API}/telephony/huntingGroupLogOn", status=400, json={"code": 1004, "type": "NOT_EXPECTED"}
        )
        yield server


async def connect(server: O2gServer) -> aiopbx.Pbx:
    server.chunks.put_nowait(CAPTURE.read_bytes().splitlines(keepends=True)[0])
    return await aiopbx.connect(url=server.url, username="oxe19141", password="word that is secret", sync_timeout=0.05)


@pytest.mark.parametrize("size", [None, 1, 7, 100_000])
async def test_the_capture_of_a_live_server(
    server: O2gServer, size: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """One whole incoming call as a live server sent it, through the real transport, however the network cuts it."""
    caplog.set_level(logging.DEBUG)
    pbx = await connect(server)
    line = pbx.line("19141")
    assert line.name == "SE19141"
    states = [line.state]
    diary = Diary(pbx)
    pbx.subscribe(lambda event: states.append(line.state) if line.state is not states[-1] else None)
    lines = CAPTURE.read_bytes().splitlines(keepends=True)[1:]
    if size is None:
        chunks = lines
    else:
        whole = b"".join(lines)
        chunks = [whole[start : start + size] for start in range(0, len(whole), size)]
    for chunk in chunks:
        server.chunks.put_nowait(chunk)
    await until(lambda: pbx.statistics.events == 9)
    await until(lambda: diary.of(CallEnded))
    assert states == [LineState.IDLE, LineState.RINGING_INCOMING, LineState.ACTIVE, LineState.RELEASING, LineState.IDLE]
    (started,) = diary.of(CallStarted)
    assert (started.call.party.label, started.call.party.number) == ("SE19140", "19140")
    (ended,) = diary.of(CallEnded)
    assert ended.call.outcome is Outcome.ANSWERED
    assert ended.call.party.label == "SE19140"
    assert ended.call.started_at <= ended.call.answered_at <= ended.call.ended_at
    figures = pbx.statistics
    assert (figures.unknown_events, figures.unknown_values, figures.malformed_frames, figures.bad_fields) == (
        0,
        0,
        0,
        0,
    )
    assert figures.unknown_fields == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    await pbx.close()


async def test_what_nobody_knows_yet(server: O2gServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    msgspec.json.decode(b'"WHAT_ANOTHER_SERVER_SENT"', type=CallCause)  # another client's, in the same process
    pbx = await connect(server)
    line = pbx.line("19141")
    for chunk in (
        b'{"eventName":"OnSomethingNew","loginName":"oxe19141"}\n' * 3,
        b'{"no":"event"}\n',
        b"not json at all\n",
        NOVEL,
    ):
        server.chunks.put_nowait(chunk)
    await until(lambda: line.calls)
    assert line.state is LineState.BUSY
    assert line.calls[0].cause == "NEVER_HEARD_OF"
    figures = pbx.statistics
    assert figures.unknown_events == 3
    assert figures.malformed_frames == 2
    assert figures.bad_fields == 1
    assert figures.unknown_values >= 2
    assert figures.unknown_fields == 2, "extra and novelty"
    assert pbx.status is Status.ONLINE
    assert caplog.text.count("OnSomethingNew") == 1
    assert caplog.text.count("NEVER_HEARD_OF") == 1
    assert "WHAT_ANOTHER_SERVER_SENT" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    await pbx.close()


async def test_duplicated_and_malformed_events_of_a_whole_office() -> None:
    async with office() as one:
        pbx = await one.connect()
        one.faults.duplicate_events()
        diary = Diary(pbx)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await one.caught_up(pbx)
        await pbx.line("1001").calls[0].answer()
        await call.wait_for(lambda now: now.answered, timeout=30)
        await call.hang_up()
        await call.wait_for(Outcome.ANSWERED, timeout=30)
        await one.caught_up(pbx)
        assert len(diary.of(CallStarted)) == len(diary.of(CallEnded)) == 2
        one.faults.duplicate_events(False)
        one.faults.malform_next(1)
        one.switch.set_dnd("oxe1002", True)
        one.switch.set_dnd("oxe1003", True)
        await until(lambda: pbx.line("1003").do_not_disturb)
        assert pbx.statistics.malformed_frames == 1
        compare(pbx.line("1003").snapshot, one.switch, "oxe1003")
