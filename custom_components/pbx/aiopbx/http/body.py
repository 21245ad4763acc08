"""The body of an answer: read to its end or to its bound, whichever comes first, also where it is compressed."""

import zlib
from typing import Final, Protocol

MOST_OF_AN_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of an answer, after it was expanded. The users of a system of ten thousand are one."""
MOST_OF_A_LOGIN: Final = 1024 * 1024
"""Bytes of the answers on the way to a session and back: who answers them has not been recognised yet."""
MOST_OF_AN_ERROR: Final = 64 * 1024
"""Bytes that are worth reading of a refusal."""
ENCODINGS: Final = "gzip, deflate"
"""What is asked for: libraries that happen to be installed shall not decide what a server may send."""


class TooLong(Exception):
    """The body is longer than it may be. ``most`` are the bytes that it may have."""

    def __init__(self, most: int) -> None:
        """Name the bound."""
        super().__init__(f"more than {most} bytes")
        self.most = most


class Unreadable(ValueError):
    """The body is not what its encoding says."""


class Content(Protocol):
    """Where the bytes come from: aiohttp's ``StreamReader``."""

    async def readany(self) -> bytes:
        """Return what has come, nothing at the end."""


async def read_body(content: Content, encoding: str, most: int, *, whole: bool = True) -> bytes:
    """Read a body and expand it.

    A longer one raises ``TooLong``; where it need not be ``whole``, its beginning is returned. Never more than ``most``
    bytes are kept, and no piece is expanded beyond them. Raises ``Unreadable``.
    """
    expand = _expander(encoding)
    pieces: list[bytes] = []
    left = most
    while piece := await content.readany():
        if expand is not None:
            piece = expand.feed(piece, left + 1)
        if len(piece) > left:
            if whole:
                raise TooLong(most)
            pieces.append(piece[:left])
            return b"".join(pieces)
        left -= len(piece)
        pieces.append(piece)
    if expand is not None and whole and not expand.ended:
        raise Unreadable("it breaks off")
    return b"".join(pieces)


def _expander(encoding: str) -> "_Expander | None":
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise Unreadable("it is encoded in a way that was not asked for")
    return _Expander(gzip=encoding != "deflate")


class _Expander:
    """Expands one body. An empty one is nothing, whatever its encoding."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._zlib: zlib._Decompress | None = None
        self.ended = True

    def feed(self, data: bytes, most: int) -> bytes:
        """Expand the next piece, to ``most`` bytes: with more of them the body is too long anyway."""
        expanded = b""
        while data and len(expanded) < most:
            if self._zlib is None:
                self._zlib = self._begin(data[0])
                self.ended = False
            try:
                expanded += self._zlib.decompress(data, most - len(expanded))
            except zlib.error:
                raise Unreadable("it cannot be expanded") from None
            data = b""
            if self._zlib.eof:  # gzip may be several, one after the other; what follows deflate is nothing
                data = self._zlib.unused_data.lstrip(b"\0") if self._gzip else b""
                self.ended = True
                if data:
                    self._zlib = None
        return expanded

    def _begin(self, first: int) -> "zlib._Decompress":
        if self._gzip:
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Some servers send deflate without the header that it should have.
        return zlib.decompressobj(zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS)
