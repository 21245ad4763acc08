"""Bodies are read to their bound, plain and compressed."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest

from aiopbx.http.body import TooLong, Unreadable, read_body

TEXT = b'{"message": "no", "code": "MYCRM_ERR_403"}' * 100
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
WITHOUT_HEADER = RAW.compress(TEXT) + RAW.flush()


def packed(body: bytes) -> bytes:
    """As gzip has it, without the time of day: that would stand in the names of tests, which workers have to share."""
    return gzip.compress(body, mtime=0)


class Pieces:
    """A body as the network brings it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.read = 0

    async def readany(self) -> bytes:
        piece = next(self._pieces, b"")
        self.read += len(piece)
        return piece


def cut(body: bytes, size: int) -> Pieces:
    return Pieces(body[start : start + size] for start in range(0, len(body), size))


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", packed(TEXT)),
        ("x-gzip", packed(TEXT)),
        (" GZIP ", packed(TEXT[:1000]) + packed(TEXT[1000:])),
        ("gzip", packed(TEXT) + b"\0" * 10),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", WITHOUT_HEADER),
        ("deflate", zlib.compress(TEXT) + b"behind it"),
    ],
)
async def test_in_pieces_of_any_size(encoding: str, body: bytes, size: int) -> None:
    assert await read_body(cut(body, size), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
async def test_nothing_is_nothing(encoding: str) -> None:
    assert await read_body(cut(b"", 1), encoding, 10) == b""


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(("encoding", "body"), [("", TEXT), ("gzip", packed(TEXT)), ("deflate", zlib.compress(TEXT))])
async def test_one_byte_too_many(encoding: str, body: bytes, size: int) -> None:
    most = len(TEXT) - 1
    with pytest.raises(TooLong) as caught:
        await read_body(cut(body, size), encoding, most)
    assert caught.value.most == most
    assert str(most) in str(caught.value)
    assert await read_body(cut(body, size), encoding, most, whole=False) == TEXT[:-1]


async def test_of_what_does_not_end_only_the_bound_is_kept() -> None:
    body = Pieces(b"x" * 1000 for _ in range(10**9))
    with pytest.raises(TooLong):
        await read_body(body, "", 50_000)
    assert body.read <= 52_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_not_expanded(encoding: str) -> None:
    """A hundred megabytes of nothing, in a hundred kilobytes: one piece of the network."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(b"\0" * 2**20) for _ in range(100)) + packer.flush()
    assert len(bomb) < 150_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLong):
            await read_body(Pieces([bomb]), encoding, 2**20)
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", TEXT),
        ("gzip", packed(TEXT)[:-9]),
        ("gzip", packed(TEXT) + b"rubbish"),
        ("deflate", b"\xff" * 50),
        ("deflate", zlib.compress(TEXT)[:-5]),
        ("br", TEXT),
        ("zstd", TEXT),
        ("gzip, gzip", packed(packed(TEXT))),
    ],
)
async def test_what_its_encoding_does_not_fit(encoding: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        await read_body(cut(body, 100), encoding, 10**6)
