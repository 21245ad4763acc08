"""The answer that the event channel is, read by a protocol of our own.

Where each event is a chunk, aiohttp does as much for the chunk as the rest of the client does for the event. Here the
parser hands over the bytes, and nothing else is done for each. What this does not do stays with aiohttp: proxies, and
connectors that were handed in with a session.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import Callable
from typing import Final, cast

import aiohttp
import httptools
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_ENOUGH: Final = 256 * 1024
"""Bytes that wait to be read, after which no more are taken from the network."""
_MOST_FRAMING: Final = 64 * 1024
"""Bytes of headers, chunk sizes, extensions and trailers that may come without anything between."""
_MOST_AT_ONCE: Final = 1024 * 1024
"""Bytes that are decompressed at once."""
_HAPPY_EYEBALLS: Final = 0.25
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f]")
_ENCODINGS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class NotHttp(aiohttp.ClientError):
    """What came is no HTTP."""


class DirectAnswer(asyncio.Protocol):
    """One request, and its answer; the connection serves nothing else."""

    def __init__(self) -> None:
        """Wait for a connection."""
        self.status = 0
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self.on_body = self._parts.append
        """Called by the parser for each piece; there is nothing between that and the list."""
        self._parser = httptools.HttpResponseParser(self)
        # What aiohttp bears as well: bare line feeds, and spaces where servers put them.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._started = False
        """Whether the headers of the answer itself have come."""
        self._done = False
        """Whether nothing more is to come."""
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._size = 0
        """About how many bytes wait."""
        self._framing = 0
        self._paused = False
        self._inflated: _Inflated | None = None

    def __repr__(self) -> str:
        """Say how it stands; the URL is a secret."""
        return f"<DirectAnswer {self.status or 'none yet'}{' at its end' if self._done else ''}>"

    # ------------------------------------------------------------------------------------------- what is read of it

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers of the answer."""
        return CIMultiDictProxy(self._headers)

    @property
    def content(self) -> "DirectAnswer":
        """The body."""
        return self

    async def started(self) -> None:
        """Wait for the headers."""
        while not self._started:
            if self._failure is not None:
                raise self._failure
            await self._wait()

    async def readany(self) -> bytes:
        """Wait for something and return all that is there; nothing at the end."""
        parts = self._parts
        while True:
            if parts:
                data = parts[0] if len(parts) == 1 else b"".join(parts)
                parts.clear()
                self._size = 0
                if self._paused and self._transport is not None:
                    self._paused = False
                    self._transport.resume_reading()
            elif self._inflated is not None and self._inflated.waiting:
                data = b""
            elif self._failure is not None:
                raise self._failure
            elif self._done:
                return b""
            else:
                await self._wait()
                continue
            if self._inflated is not None:
                data = self._inflated.more(data)
            if data:
                return data

    def close(self) -> None:
        """Close the connection; whoever reads gets an error."""
        self._parts.clear()
        self._inflated = None
        self._fail(aiohttp.ClientConnectionError("Connection closed"))

    async def _wait(self) -> None:
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    # ------------------------------------------------------------------------------------------- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        parts = self._parts
        before = len(parts)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if not self._done:  # else it is what comes behind the end, which says nothing
                self._fail(NotHttp("no HTTP"))
                return
        if len(parts) > before:
            self._framing = 0
        else:
            self._framing += len(data)
            if self._framing > _MOST_FRAMING:
                self._fail(NotHttp("no end of the headers"))
                return
        self._size += len(data)
        if self._size > _ENOUGH and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone. A body of which no length was given ends with it."""
        if self._done:
            pass
        elif not self._started:
            self._failure = self._failure or error or aiohttp.ServerDisconnectedError()
        elif error is None and self._failure is None and self._ends_with_the_connection:
            self._done = True
        else:
            self._failure = self._failure or error or aiohttp.ClientPayloadError("The answer is not complete")
        self._wake()

    @property
    def _ends_with_the_connection(self) -> bool:
        return "Content-Length" not in self._headers and "Transfer-Encoding" not in self._headers

    # ---------------------------------------------------------------------------------------- what the parser calls

    def on_message_begin(self) -> None:
        """Another answer begins: the first one, or after one that was only informational."""
        if self._done:
            raise NotHttp("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers, which come after the body, say nothing here."""
        if not self._started:
            self._headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        """All headers have come, of the answer itself or of an informational one before it."""
        status = self._parser.get_status_code()
        if status == 101:
            raise NotHttp("another protocol")
        if 100 <= status < 200:
            self._headers.clear()
            return
        self.status = status
        encoding = self._headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", ""}:
            if encoding not in _ENCODINGS:
                raise NotHttp("an encoding that was not asked for")
            self._inflated = _Inflated(_ENCODINGS[encoding])
        self._started = True

    def on_message_complete(self) -> None:
        """The answer, or an informational one, is at its end."""
        self._done = self._started


class _Inflated:
    """Decompresses what comes, never much at once: a little may become very much."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._decompressor = zlib.decompressobj(bits)
        self._begun = False

    @property
    def waiting(self) -> bool:
        """Whether more can be had without more having come."""
        return bool(self._decompressor.unconsumed_tail)

    def more(self, data: bytes) -> bytes:
        """Return some of it; nothing where more has to come first."""
        data = self._decompressor.unconsumed_tail + data
        try:
            inflated = self._decompressor.decompress(data, _MOST_AT_ONCE)
        except zlib.error as error:
            if self._begun or self._bits != zlib.MAX_WBITS:
                raise aiohttp.ClientPayloadError("The answer cannot be decompressed") from error
            # What many call "deflate" lacks the wrapping that the standard has around it.
            self._decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
            self._bits = -zlib.MAX_WBITS
            return self.more(data)
        self._begun = True
        return inflated


async def ask(
    method: str, url: URL, *, tls: ssl.SSLContext, accept: str, on_sent: Callable[[], None] = lambda: None
) -> DirectAnswer:
    """Make a request without a body over a connection of its own, and return its answer once the headers have come.

    ``on_sent`` is called when the request has left.

    Raises ``OSError``, ``ssl.SSLError`` and aiohttp's errors. Whoever calls sets the time-out.
    """
    host, port, target = url.raw_host, url.port, url.raw_path_qs
    if not host or port is None or _UNFIT.search(target) is not None:
        raise aiohttp.InvalidURL(url)
    request = (
        f"{method} {target} HTTP/1.1\r\n"
        f"Host: {url.host_port_subcomponent}\r\n"
        f"Accept: {accept}\r\n"
        f"Accept-Encoding: identity\r\n"
        f"User-Agent: {aiohttp.http.SERVER_SOFTWARE}\r\n"
    )
    if method != "GET":
        request += "Content-Length: 0\r\n"
    secure = url.scheme == "https"
    transport, answer = await asyncio.get_running_loop().create_connection(
        DirectAnswer,
        host,
        port,
        ssl=tls if secure else None,
        server_hostname=host.rstrip(".") if secure else None,
        happy_eyeballs_delay=_HAPPY_EYEBALLS,
    )
    try:
        transport.write(f"{request}\r\n".encode())
        on_sent()
        await answer.started()
    except BaseException:
        answer.close()
        raise
    return answer
