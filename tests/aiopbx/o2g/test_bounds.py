"""Answers without end: on the way to a session, in it and out of it, nothing is read without bound."""

import asyncio
import gzip
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, OutcomeUnknown, PbxError, RequestRefused
from aiopbx.http.body import MOST_OF_A_LOGIN, MOST_OF_AN_ANSWER, MOST_OF_AN_ERROR
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.system import O2gSystem
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.o2g.types.telephony import MakeCallRequest
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.store import Store
from tests.aiopbx.o2g.conftest import PASSWORD, Connect
from tests.aiopbx.o2g.o2g_server import API, SUBSCRIPTION_ID, O2gServer

SUBSCRIBE = SubscriptionRequest(version="1.0", filter=Filter(selectors=(Selector(names=("telephony",)),)))
SPACES = b" " * 2**16
ON_THE_WIRE = 32 * 2**20
"""What lies in buffers between the two sides, at most."""

Act = Callable[[O2gClient], Awaitable[Any]]
OPERATIONS: dict[str, tuple[str, str, Act]] = {
    "get": ("GET", f"{API}/telephony/calls", lambda client: client.telephony.calls()),
    "subscribe": ("POST", f"{API}/subscriptions", lambda client: client.subscribe(SUBSCRIBE)),
    "unsubscribe": (
        "DELETE",
        f"{API}/subscriptions/{SUBSCRIPTION_ID}",
        lambda client: client.subscriptions.unsubscribe(SUBSCRIPTION_ID),
    ),
    "keepalive": ("POST", f"{API}/sessions/keepalive", lambda client: client.sessions.keepalive()),
    "dial": (
        "POST",
        f"{API}/telephony/calls",
        lambda client: client.telephony.make_call(MakeCallRequest(device_id="1000", callee="1001")),
    ),
}


@pytest.mark.parametrize("method_and_path", ["GET /api/rest", "GET /api/rest/authenticate", f"POST {API}/sessions"])
async def test_on_the_way_to_a_session(connect: Connect, server: O2gServer, method_and_path: str) -> None:
    """Before it is known who answers there, little is read."""
    method, path = method_and_path.split()
    server.answer(method, path, endless=SPACES)
    with pytest.raises(ConnectionFailed, match=rf"{method} .*longer than 1,048,576 bytes.*[Cc]heck that") as caught:
        await connect()
    assert not caught.value.transient
    await server.hung_up.wait()
    assert server.poured < MOST_OF_A_LOGIN + ON_THE_WIRE


@pytest.mark.parametrize("name", OPERATIONS)
async def test_in_a_session(connect: Connect, server: O2gServer, name: str) -> None:
    method, path, act = OPERATIONS[name]
    client = await connect()
    server.answer(method, path, endless=SPACES)
    with pytest.raises(PbxError, match=rf"{method} .*longer than 16,777,216 bytes") as caught:
        await act(client)
    assert isinstance(caught.value, OutcomeUnknown if name in {"dial", "subscribe"} else ConnectionFailed)
    await server.hung_up.wait()
    assert server.poured < MOST_OF_AN_ANSWER + ON_THE_WIRE


async def test_a_declared_length_is_enough_to_refuse(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    length = [("Content-Length", str(MOST_OF_AN_ANSWER + 1))]
    server.answer("GET", f"{API}/telephony/calls", text=b"{", endless=SPACES, headers=length)
    with pytest.raises(ConnectionFailed, match="longer than"):
        await client.telephony.calls()
    await server.hung_up.wait()
    assert server.poured < ON_THE_WIRE


@pytest.mark.parametrize("status", [400, 404, 500, 302, 307])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_refusals_and_redirects(connect: Connect, server: O2gServer, name: str, status: int) -> None:
    """Of these only the beginning is read, and what it says still counts."""
    method, path, act = OPERATIONS[name]
    client = await connect()
    elsewhere = [("Location", "http://127.0.0.9/")] if status < 400 else []
    server.answer(method, path, status=status, text=b"<p>A long story" + SPACES, headers=elsewhere, endless=SPACES)
    with pytest.raises(PbxError) as caught:
        await act(client)
    if isinstance(caught.value, RequestRefused):
        assert caught.value.inner_message == "A long story"
    await server.hung_up.wait()
    assert server.poured < MOST_OF_AN_ERROR + ON_THE_WIRE


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_on_the_way_out(connect: Connect, server: O2gServer, status: int) -> None:
    client = await connect()
    server.answer("DELETE", f"{API}/sessions", status=status, endless=SPACES)
    await client.close()
    await server.hung_up.wait()
    assert server.poured < MOST_OF_A_LOGIN + ON_THE_WIRE


async def test_whether_a_server_serves(server: O2gServer, http: Any) -> None:
    settings = ConnectionSettings.make(url=server.url, username="oxe1000", password=PASSWORD)
    server.answer("GET", "/api/rest", endless=SPACES)
    assert not await O2gSystem(settings, Store(), http).serves(0)
    await server.hung_up.wait()
    assert server.poured < MOST_OF_A_LOGIN + ON_THE_WIRE


async def test_a_bomb(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    bomb = gzip.compress(b" " * 100 * 2**20)
    server.answer("GET", f"{API}/telephony/calls", text=bomb, headers=[("Content-Encoding", "gzip")])
    tracemalloc.start()
    try:
        with pytest.raises(ConnectionFailed, match="longer than"):
            await client.telephony.calls()
        assert tracemalloc.get_traced_memory()[1] < 3 * MOST_OF_AN_ANSWER
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "error"), [("gzip", "cannot be expanded"), ("br", "encoded in a way that was not asked for")]
)
async def test_an_encoding_that_is_not_what_it_says(
    connect: Connect, server: O2gServer, encoding: str, error: str
) -> None:
    client = await connect()
    headers = [("Content-Encoding", encoding)]
    server.answer("GET", f"{API}/telephony/calls", text=b'{"calls": []}', headers=headers)
    with pytest.raises(ConnectionFailed, match=error) as caught:
        await client.telephony.calls()
    assert not caught.value.transient
    server.answer("POST", f"{API}/telephony/calls", status=201, text=b'"ref"', headers=headers)
    with pytest.raises(OutcomeUnknown):
        await OPERATIONS["dial"][2](client)
    server.answer("GET", f"{API}/telephony/calls", status=418, text=b"no", headers=headers)
    with pytest.raises(RequestRefused) as refused:
        await client.telephony.calls()
    assert refused.value.status == 418


async def test_nothing_that_was_not_asked_for_is_asked_for(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/messaging/mailboxes/1/voicemails/2", text=b"RIFF")
    (await client.voicemail.download_voicemail("1", "2")).close()
    *others, download = [one.headers["Accept-Encoding"] for one in server.requests]
    assert set(others) == {"gzip, deflate"}
    assert download == "identity"


async def test_a_recording_that_does_not_end(
    connect: Connect, server: O2gServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiopbx.http.download.LONGEST", 2**20)
    client = await connect()
    server.answer("GET", f"{API}/messaging/mailboxes/1/voicemails/2", endless=SPACES)
    with pytest.raises(ConnectionFailed, match=r"voicemails.*more than 1,048,576 bytes.*most") as caught:
        await client.voicemail.save_voicemail("1", "2", tmp_path / "m.wav")
    assert not caught.value.transient
    assert list(tmp_path.iterdir()) == []
    await server.hung_up.wait()
    assert server.poured < 2**20 + ON_THE_WIRE
    recording = await client.voicemail.download_voicemail("1", "2")
    recording.most = 3 * 2**20
    with pytest.raises(ConnectionFailed, match="more than 3,145,728 bytes"):
        await recording.to_file(tmp_path / "m.wav")


async def test_a_recording_that_says_how_long_it_is(
    connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect()
    server.answer("GET", f"{API}/messaging/mailboxes/1/voicemails/2", text=b"x" * 1000)
    recording = await client.voicemail.download_voicemail("1", "2")
    recording.most = 1000
    assert b"".join([chunk async for chunk in recording]) == b"x" * 1000
    recording = await client.voicemail.download_voicemail("1", "2")
    recording.most = 999
    with pytest.raises(ConnectionFailed, match="more than 999 bytes"):
        [chunk async for chunk in recording]


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Header: " + b"x" * 2**16,
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"x" * 4000) for number in range(20)),
        b"HTTP/1.1 200 " + b"x" * 2**16,
    ],
    ids=["one header", "many headers", "the first line"],
)
async def test_headers_that_do_not_end(make: Any, start: bytes) -> None:
    """aiohttp sees to this; here it is held, and that it is an error of ours."""
    poured = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal poured
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(start if poured == 0 or b"X-1" in start else b"x" * 2**16)
                poured += 2**16
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(pour, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed, match=r"GET /api/rest"):
            await make(url=f"http://127.0.0.1:{port}").open()
    assert poured < ON_THE_WIRE
