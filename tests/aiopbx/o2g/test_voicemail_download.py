"""Streams of bytes: never held whole, never left open, never half a file."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, InvalidInput, NotFound, SessionLost
from aiopbx.http.download import CHUNK
from aiopbx.o2g.client import O2gClient
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import API, O2gServer
from tests.aiopbx.office import hurry

BOX = f"{API}/messaging/mailboxes/5000"
MESSAGE = f"{BOX}/voicemails/m1"
WAV = b"RIFF" + bytes(range(256)) * 2048  # 512 KiB


@pytest.fixture
async def client(connect: Connect, server: O2gServer) -> O2gClient:
    server.answer("GET", MESSAGE, text=WAV, headers=[("Content-Type", "audio/wav")])
    return await connect()


async def test_chunks(client: O2gClient) -> None:
    async with await client.voicemail.download_voicemail("5000", "m1") as recording:
        assert (recording.size, recording.content_type) == (len(WAV), "audio/wav")
        assert str(len(WAV)) in repr(recording)
        chunks = [chunk async for chunk in recording]
        assert recording.closed
        with pytest.raises(RuntimeError, match="once"):
            [chunk async for chunk in recording]
    assert b"".join(chunks) == WAV
    assert len(chunks) > 1
    assert max(len(chunk) for chunk in chunks) <= CHUNK


async def test_a_file(client: O2gClient, tmp_path: Path) -> None:
    told: list[int] = []
    target = tmp_path / "message.wav"
    assert await client.voicemail.save_voicemail("5000", "m1", target, on_progress=told.append) == len(WAV)
    assert target.read_bytes() == WAV
    assert told == sorted(told)
    assert told[-1] == len(WAV)
    assert list(tmp_path.iterdir()) == [target]


async def test_the_connection_is_used_again(client: O2gClient, server: O2gServer, tmp_path: Path) -> None:
    for number in range(150):  # more than the pool of connections holds
        recording = await client.voicemail.download_voicemail("5000", "m1")
        if number % 2:
            async for _ in recording:
                break
        recording.close()
        recording.close()
    assert len(server.asked("GET", MESSAGE)) == 150


async def test_half_a_recording_is_no_file(client: O2gClient, server: O2gServer, tmp_path: Path) -> None:
    server.answer("GET", MESSAGE, text=b"RIFF", headers=[("Content-Length", "100000")])
    target = tmp_path / "message.wav"
    hurry(client.settings, request_timeout=1.0)  # of the rest, that does not come
    with pytest.raises(ConnectionFailed) as caught:
        await client.voicemail.save_voicemail("5000", "m1", target)
    assert caught.value.transient
    assert list(tmp_path.iterdir()) == []


async def test_what_was_there_stays_when_it_fails(client: O2gClient, server: O2gServer, tmp_path: Path) -> None:
    target = tmp_path / "message.wav"
    target.write_bytes(b"old")
    server.answer("GET", MESSAGE, status=404, json={"code": 1003})
    with pytest.raises(NotFound):
        await client.voicemail.save_voicemail("5000", "m1", target)
    server.answer("GET", MESSAGE, text=WAV)
    with pytest.raises(OSError, match="message"):
        await client.voicemail.save_voicemail("5000", "m1", tmp_path / "nowhere" / "message.wav")
    assert target.read_bytes() == b"old"


async def test_cancelled(client: O2gClient, tmp_path: Path) -> None:
    target = tmp_path / "message.wav"
    begun = asyncio.Event()
    task = asyncio.create_task(
        client.voicemail.save_voicemail("5000", "m1", target, on_progress=lambda written: begun.set())
    )
    await asyncio.wait_for(begun.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []


async def test_a_session_that_is_gone(client: O2gClient, server: O2gServer) -> None:
    server.answer("GET", MESSAGE, status=403, json={"code": 1001, "type": "INVALID_SESSION"})
    with pytest.raises(SessionLost):
        await client.voicemail.download_voicemail("5000", "m1")
    assert client.lost.is_set()


async def test_an_answer_that_does_not_come(connect: Connect, server: O2gServer) -> None:
    client = await connect(request_timeout=1)
    server.answer("GET", MESSAGE, hang=True)
    with pytest.raises(ConnectionFailed, match="1 seconds"):
        await client.voicemail.download_voicemail("5000", "m1")


async def test_redirected(client: O2gClient, server: O2gServer) -> None:
    server.answer("GET", MESSAGE, status=302, headers=[("Location", f"{BOX}/recordings/7")])
    server.answer("GET", f"{BOX}/recordings/7", text=WAV)
    async with await client.voicemail.download_voicemail("5000", "m1") as recording:
        assert b"".join([chunk async for chunk in recording]) == WAV


async def test_closing_the_client_closes_it(client: O2gClient) -> None:
    recording = await client.voicemail.download_voicemail("5000", "m1")
    await client.close()
    assert recording.closed


# ------------------------------------------------------------------------------------------------------------- mailbox


async def test_pages(client: O2gClient, server: O2gServer) -> None:
    def page(*ids: str) -> dict[str, Any]:
        return {"voicemails": [{"voicemailId": one} for one in ids]}

    server.answer("GET", f"{BOX}/voicemails", json=page("a", "b"))
    server.answer("GET", f"{BOX}/voicemails", json=page("b", "c"), then=True)  # one came meanwhile
    server.answer("GET", f"{BOX}/voicemails", json=page("d"), then=True)
    messages = client.voicemail.all_voicemails("5000", new_only=True, page=2)
    assert [message.voicemail_id async for message in messages] == ["a", "b", "c", "d"]
    assert [one.path.partition("?")[2] for one in server.asked("GET", f"{BOX}/voicemails")] == [
        f"offset={offset}&limit=2&newOnly=true" for offset in (0, 2, 4)
    ]


async def test_a_server_that_knows_no_pages_ends(client: O2gClient, server: O2gServer) -> None:
    server.answer("GET", f"{BOX}/voicemails", json={"voicemails": [{"voicemailId": "a"}, {"voicemailId": "b"}]})
    messages = client.voicemail.all_voicemails("5000", page=2)
    assert [message.voicemail_id async for message in messages] == ["a", "b"]


Call = Callable[[O2gClient], Any]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda client: client.voicemail.delete_voicemails("5000"), "msgIds"),
        (lambda client: client.voicemail.delete_voicemails("5000", all=False), "msgIds"),
        (lambda client: client.voicemail.delete_voicemails("5000", msg_ids=[]), "msgIds"),
        (lambda client: client.voicemail.delete_voicemails("5000", msg_ids=["a", ""]), "msgIds"),
        (lambda client: client.voicemail.delete_voicemails("5000", msg_ids=["a"], all=True), "all"),
        (lambda client: client.voicemail.voicemails("5000", offset=-1), "offset"),
        (lambda client: client.voicemail.voicemails("5000", limit=-2), "limit"),
        (lambda client: client.voicemail.connect_mailbox("5000"), "password"),
    ],
)
async def test_what_is_not_sent(client: O2gClient, server: O2gServer, call: Call, field: str) -> None:
    before = len(server.requests)
    with pytest.raises(InvalidInput) as caught:
        await call(client)
    assert caught.value.field == field
    assert caught.value.remedy
    assert len(server.requests) == before


async def test_deleting_all_is_said(client: O2gClient, server: O2gServer) -> None:
    await client.voicemail.delete_voicemails("5000", all=True)
    assert server.requests[-1].path == f"{BOX}/voicemails"
