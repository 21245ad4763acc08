"""The protocol of our own that the event channel is read with: HTTP as servers and what stands before them write it."""

import asyncio
import gzip
import socket
import ssl
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from aiopbx.errors import CertificateFailed, ConnectionFailed, NotReady, RequestRefused, SubscriptionLost
from aiopbx.o2g.channel import stream
from aiopbx.o2g.channel.base import ChannelEnd
from aiopbx.o2g.channel.chunk import ChunkChannel, open_channel
from aiopbx.o2g.channel.stream import DirectAnswer, NotHttp, ask
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.system import O2gSystem
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.store import Store
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import O2gServer
from tests.aiopbx.o2g.test_tls import self_signed
from tests.aiopbx.office import hurry

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b'{"eventName":"OnChannelInformation","text":"one"}\n{"eventName":"OnChannelInformation","text":"two"}\n'
END = b"0\r\n\r\n"


def chunk(body: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(body), extension, body)


class RawServer:
    """Answers every request with these bytes, in these pieces, and then hangs up, or does not."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.hangs_up = True
        self.aborts = False
        self.requests: list[bytes] = []
        self.gone = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                if len(self.pieces) > 1:
                    await asyncio.sleep(0)
            if self.aborts:
                writer.transport.abort()
            elif not self.hangs_up:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.gone.set()

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = URL(f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/channel?id=1")


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    server = RawServer()
    await server.start()
    yield server
    server.server.close()
    if server.writer is not None:
        server.writer.transport.abort()


async def asked(raw: RawServer, *pieces: bytes) -> DirectAnswer:
    raw.pieces = list(pieces)
    return await ask("POST", raw.url, tls=ssl.create_default_context(), accept="application/json")


async def into(body: bytearray, answer: DirectAnswer) -> None:
    async with asyncio.timeout(30):
        while piece := await answer.readany():
            body += piece


async def whole(answer: DirectAnswer) -> bytes:
    body = bytearray()
    await into(body, answer)
    return bytes(body)


async def fed(*pieces: bytes) -> DirectAnswer:
    """An answer that got these bytes, without a network."""
    answer = DirectAnswer()
    for piece in pieces:
        answer.data_received(piece)
    return answer


# ------------------------------------------------------------------------------------------------------------ framing

ANSWERS: dict[str, bytes] = {
    "chunks": CHUNKED + chunk(BODY[:10]) + chunk(BODY[10:60]) + chunk(BODY[60:]) + END,
    "one chunk for each letter": CHUNKED + b"".join(chunk(BODY[n : n + 1]) for n in range(len(BODY))) + END,
    "extensions of chunks": CHUNKED + chunk(BODY[:10], b";a=b") + chunk(BODY[10:], b';name="a value"') + END,
    "trailers": CHUNKED + chunk(BODY) + b"0\r\nX-Checksum: 1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a length": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "informational answers before": b"HTTP/1.1 100 Continue\r\nX-One: 1\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + CHUNKED + chunk(BODY) + END,
    "another answer behind the end": CHUNKED + chunk(BODY) + END + CHUNKED + chunk(b"no part of it") + END,
    "what is no HTTP behind the end": CHUNKED + chunk(BODY) + END + b"\0\1\2 no part of it",
    "gzip": HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + chunk(gzip.compress(BODY)) + END,
    "deflate": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Encoding: Deflate\r\n\r\n"
    + chunk(zlib.compress(BODY))
    + END,
    "deflate without its wrapping": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Encoding: deflate\r\n\r\n"
    + chunk(zlib.compress(BODY, wbits=-15))
    + END,
    "an encoding that is none": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Encoding: identity\r\n\r\n"
    + chunk(BODY)
    + END,
    "bare line feeds": CHUNKED.replace(b"\r\n", b"\n") + chunk(BODY) + END,
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_that_comes_in_two_pieces_at_every_place(what: str) -> None:
    answer = ANSWERS[what]
    for place in range(1, len(answer)):
        read = await fed(answer[:place], answer[place:])
        assert read.status == 200
        assert read.headers["Content-Type"] == "application/json"
        assert "X-Checksum" not in read.headers
        assert "X-One" not in read.headers
        assert await whole(read) == BODY, place


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_that_comes_byte_by_byte(what: str) -> None:
    answer = ANSWERS[what]
    read = await fed(*[answer[n : n + 1] for n in range(len(answer))])
    assert await whole(read) == BODY


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_over_the_network(what: str, raw: RawServer) -> None:
    answer = ANSWERS[what]
    read = await asked(raw, *[answer[n : n + 37] for n in range(0, len(answer), 37)])
    assert await whole(read) == BODY
    assert await read.readany() == b"", "the end stays the end"
    read.close()


async def test_an_answer_without_a_length_ends_with_the_connection(raw: RawServer) -> None:
    read = await asked(raw, b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n", BODY[:20], BODY[20:])
    assert await whole(read) == BODY


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + chunk(BODY),
        CHUNKED + chunk(BODY) + b"5\r\n12",
        CHUNKED + chunk(BODY) + b"0\r\n",
        HEAD + b"Content-Length: 1000\r\n\r\n" + BODY,
    ],
)
async def test_what_is_not_complete_is_read_and_then_broken(answer: bytes, raw: RawServer) -> None:
    read = await asked(raw, answer)
    body = bytearray()
    with pytest.raises(aiohttp.ClientPayloadError):
        await into(body, read)
    assert body.startswith(BODY)


async def test_a_connection_that_is_reset_is_broken(raw: RawServer) -> None:
    raw.aborts = True
    read = await asked(raw, CHUNKED + chunk(BODY), chunk(BODY))
    with pytest.raises((OSError, aiohttp.ClientPayloadError)):
        await whole(read)


async def test_the_reason_of_a_broken_connection_is_kept() -> None:
    reset = ConnectionResetError(104, "Connection reset by peer")
    for pieces in ([], [CHUNKED], [b"HTTP/1.1 200 OK\r\n\r\n"]):
        read = await fed(*pieces)
        read.connection_lost(reset)
        with pytest.raises(ConnectionResetError) as error:
            await (read.started() if not pieces else read.readany())
        assert error.value is reset


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", aiohttp.ServerDisconnectedError),
        (b"HTTP/1.1 200 OK\r\nX-Half", aiohttp.ServerDisconnectedError),
        (b"HTTP/1.1 100 Continue\r\n\r\n", aiohttp.ServerDisconnectedError),
        (b"SSH-2.0-OpenSSH\r\n", NotHttp),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", NotHttp),
        (HEAD + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", NotHttp),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", NotHttp),
        (HEAD + b"X-Long: " + b"x" * 200_000, NotHttp),
    ],
)
async def test_what_is_no_answer(answer: bytes, error: type[Exception], raw: RawServer) -> None:
    with pytest.raises(error):
        await asked(raw, answer)
    async with asyncio.timeout(30):
        await raw.gone.wait()


@pytest.mark.parametrize(
    "endless",
    [b"5;" + b"x" * 2_000_000, b"0\r\n" + b"X-Trailer: 1\r\n" * 150_000, b"0\r\nX-Long: " + b"x" * 2_000_000],
    ids=["an extension", "trailers", "a trailer"],
)
async def test_framing_without_end_is_given_up(endless: bytes, raw: RawServer) -> None:
    raw.hangs_up = False
    read = await asked(raw, CHUNKED + chunk(BODY), endless)
    body = bytearray()
    with pytest.raises(NotHttp):
        await into(body, read)
    assert body in (BODY, b"")
    async with asyncio.timeout(30):
        await raw.gone.wait()


async def test_chunks_that_are_no_chunks_end_it(raw: RawServer) -> None:
    read = await asked(raw, CHUNKED + chunk(BODY), b"no size\r\n")
    with pytest.raises(NotHttp):
        await whole(read)


# --------------------------------------------------------------------------------------------------------- compressed


async def test_what_is_compressed_comes_as_it_was_flushed(raw: RawServer) -> None:
    compressor = zlib.compressobj(wbits=31)
    first = compressor.compress(BODY) + compressor.flush(zlib.Z_SYNC_FLUSH)
    raw.hangs_up = False
    read = await asked(raw, HEAD + b"Content-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(first))
    assert await read.readany() == BODY
    read.close()


async def test_a_little_that_becomes_very_much_comes_in_portions(raw: RawServer) -> None:
    size = 20 * 1024 * 1024
    bomb = gzip.compress(b"\n" * size)
    read = await asked(raw, HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    largest = total = 0
    while piece := await read.readany():
        largest, total = max(largest, len(piece)), total + len(piece)
    assert total == size
    assert largest <= stream._MOST_AT_ONCE


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
async def test_what_cannot_be_decompressed_is_broken(encoding: bytes, raw: RawServer) -> None:
    read = await asked(
        raw, HEAD + b"Content-Encoding: " + encoding + b"\r\nContent-Length: 5\r\n\r\n\xff\xff\xff\xff\xff"
    )
    with pytest.raises(aiohttp.ClientPayloadError):
        await whole(read)


# ------------------------------------------------------------------------------------------------- request and flow


async def test_what_is_asked(raw: RawServer) -> None:
    (await asked(raw, CHUNKED + END)).close()
    (await ask("GET", raw.url, tls=ssl.create_default_context(), accept="*/*")).close()
    posted, got = (request.decode().split("\r\n") for request in raw.requests)
    assert posted[0] == "POST /channel?id=1 HTTP/1.1"
    assert posted[1:4] == [f"Host: 127.0.0.1:{raw.url.port}", "Accept: application/json", "Accept-Encoding: identity"]
    assert posted[4].startswith("User-Agent: ")
    assert posted[5:] == ["Content-Length: 0", "", ""]
    assert got[0] == "GET /channel?id=1 HTTP/1.1"
    assert "Content-Length: 0" not in got


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX-Injected: 1", "/a\x7f"])
async def test_a_target_that_would_be_more_than_one_line_is_refused(target: str) -> None:
    with pytest.raises((aiohttp.InvalidURL, ValueError)):
        await ask(
            "POST", URL(f"http://127.0.0.1:9{target}", encoded=True), tls=ssl.create_default_context(), accept="*/*"
        )


async def test_no_more_is_taken_than_can_be_read(raw: RawServer) -> None:
    raw.hangs_up = False
    piece = chunk(b"x" * 65_536)
    count = 400
    read = await asked(raw, CHUNKED, *[piece] * count)
    while not read._paused:
        await asyncio.sleep(0)
    assert not raw.gone.is_set()
    assert read._size <= 2 * stream._ENOUGH + 65_536
    total = 0
    async with asyncio.timeout(20):
        while total < count * 65_536:
            total += len(await read.readany())
    assert total == count * 65_536, "and it goes on once that was read"
    read.close()


async def test_closing_it_wakes_whoever_reads(raw: RawServer) -> None:
    raw.hangs_up = False
    read = await asked(raw, CHUNKED)
    reading = asyncio.create_task(read.readany())
    await asyncio.sleep(0)
    read.close()
    read.close()
    with pytest.raises(aiohttp.ClientConnectionError):
        await reading
    async with asyncio.timeout(30):
        await raw.gone.wait()


async def test_a_request_that_is_cancelled_leaves_no_connection(raw: RawServer) -> None:
    raw.hangs_up = False
    asking = asyncio.create_task(asked(raw))
    while not raw.requests:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(30):
        await raw.gone.wait()


async def test_its_text_says_how_it_stands_and_not_where_it_is(raw: RawServer) -> None:
    assert repr(DirectAnswer()) == "<DirectAnswer none yet>"
    read = await asked(raw, CHUNKED + chunk(BODY) + END)
    await whole(read)
    assert repr(read) == "<DirectAnswer 200 at its end>"


# ------------------------------------------------------------------------------------------- as the channel has it


@pytest.fixture
def direct() -> bool:
    return True


async def opened(client: O2gClient, url: str) -> ChunkChannel:
    transport = client._transport
    return await open_channel(transport, url, EventDecoder(client.statistics, transport.mask), direct=True)


async def test_the_error_of_a_server_is_read_to_its_end_and_no_further(connect: Connect, raw: RawServer) -> None:
    client = await connect()
    said = b'{"helpMessage":"the subscription is not known","code":1003}'
    refused = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(said)
    raw.pieces = [refused, *(said[n : n + 5] for n in range(0, len(said), 5))]
    with pytest.raises(SubscriptionLost, match="subscription is dead") as error:
        await opened(client, str(raw.url))
    assert error.value.help_message == "the subscription is not known"
    raw.gone.clear()
    raw.pieces = [b"HTTP/1.1 503 Busy\r\n\r\n", *[b"x" * 65_536] * 1_000]
    with pytest.raises(NotReady, match="503"):
        await opened(client, str(raw.url))
    async with asyncio.timeout(30):
        await raw.gone.wait()


async def test_an_error_that_does_not_end_is_not_waited_for(connect: Connect, raw: RawServer) -> None:
    client = await connect()
    hurry(client.settings, request_timeout=0.2)
    raw.hangs_up = False
    raw.pieces = [b"HTTP/1.1 500 Broken\r\nContent-Length: 100\r\n\r\nso"]
    with pytest.raises(RequestRefused, match="500"):
        await opened(client, str(raw.url))


async def test_a_server_that_never_answers_is_not_waited_for(connect: Connect, raw: RawServer) -> None:
    client = await connect()
    hurry(client.settings, request_timeout=0.2)
    raw.hangs_up = False
    with pytest.raises(ConnectionFailed, match=r"within 0\.2 seconds"):
        await opened(client, str(raw.url))
    async with asyncio.timeout(30):
        await raw.gone.wait()


async def test_a_server_that_is_not_there(connect: Connect) -> None:
    client = await connect()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            await opened(client, url)


async def test_a_host_that_is_not_known(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await connect()

    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailed, match="the host is not known"):
        await opened(client, "http://pbx.example.com/")


async def test_tls_verifies_as_that_of_requests_does(connect: Connect, tmp_path: Path) -> None:
    async with O2gServer(tls=self_signed(tmp_path / "pbx.pem")) as server:
        strict = await connect()
        with pytest.raises(CertificateFailed):
            await opened(strict, server.url)
        plain = server.url.replace("https:", "http:")
        with pytest.raises(ConnectionFailed):
            await opened(strict, plain)


async def test_no_tls_where_tls_is_asked_for(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    with pytest.raises(ConnectionFailed, match="does not speak TLS"):
        await opened(client, server.url.replace("http:", "https:"))


async def test_how_a_channel_ends(connect: Connect, raw: RawServer) -> None:
    client = await connect()
    raw.pieces = [CHUNKED + chunk(BODY) + END]
    channel = await opened(client, str(raw.url))
    assert [len(events) async for events in channel] == [2]
    assert (channel.end, channel.end_reason) == (ChannelEnd.CLEAN, "the server, or a proxy before it, ended it")
    raw.pieces = [CHUNKED + chunk(BODY)]
    channel = await opened(client, str(raw.url))
    assert [len(events) async for events in channel] == [2]
    assert (channel.end, channel.end_reason) == (ChannelEnd.BROKEN, "the connection broke (ClientPayloadError)")


async def test_a_proxy_is_left_to_aiohttp(connect: Connect, raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await connect()
    monkeypatch.setattr(type(client._transport), "proxy", lambda self, url: str(raw.url.origin()))
    raw.pieces = [CHUNKED + chunk(BODY) + END]
    channel = await opened(client, "http://pbx.example.com/channel")
    assert [len(events) async for events in channel] == [2]
    assert raw.requests[0].startswith(b"POST http://pbx.example.com/channel HTTP/1.1\r\n")


async def test_without_the_parser_aiohttp_reads_it(
    connect: Connect, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect()
    monkeypatch.setitem(sys.modules, "aiopbx.o2g.channel.stream", None)
    raw.pieces = [CHUNKED + chunk(BODY) + END]
    channel = await opened(client, str(raw.url))
    assert [len(events) async for events in channel] == [2]
    assert b"aiohttp" in raw.requests[0]
    assert b"Accept-Encoding" not in raw.requests[0], "aiohttp asked, in its own way"


@pytest.mark.parametrize("own", [True, False])
async def test_it_is_for_sessions_that_the_client_makes_itself(own: bool, http: aiohttp.ClientSession) -> None:
    settings = ConnectionSettings.make(url="http://pbx.example.com", username="oxe1000", password="secret word")
    system = O2gSystem(settings, Store(), None if own else http)
    assert system._channels.direct is own
    await system.close()
