"""Recorded messages in the formats of myIstra: µ-law for ``au``, FLAC in Ogg and in MP4 for the others.

Nothing is compressed: a FLAC block may carry its samples as they are. ``aac`` has what ``mp4`` has, for there is no AAC
encoder here. All is made piece by piece while it is sent, and its length is known before.
"""

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from ... import sound

BLOCK: Final = 4000
"""Samples in a FLAC block: half a second."""
_BLOCKS: Final = sound.RATE // BLOCK
_SUBFRAME: Final = 0x02
"""A subframe that carries its samples as they are."""
_SERIAL: Final = 0x49535452
_VENDOR: Final = b"aiopbx simulator"


class Recording(NamedTuple):
    """A message as a file."""

    media_type: str
    length: int
    pieces: Iterator[bytes]


def recording(format: str, keys: str, seconds: int) -> Recording | None:
    """Make a message: the keys of a number as tones. ``None`` for an unknown format."""
    if format == "au":
        return Recording("application/au", _AU_HEADER + seconds * sound.RATE, _au(keys, seconds))
    if format == "ogg":
        return Recording("application/ogg", _ogg_length(seconds), _ogg(keys, seconds))
    if format in ("mp4", "aac"):
        return Recording(f"application/{format}", _mp4_length(seconds), _mp4(keys, seconds))
    return None


def _samples(keys: str, seconds: int) -> Iterator[bytes]:
    """The samples of one second after the other: 16 bits, the low byte first."""
    pieces = sound.message(keys, seconds)
    next(pieces)  # the header of a WAV file
    return pieces


# -- au ---------------------------------------------------------------------------------------------------------

_AU_HEADER: Final = 28
_BIAS: Final = 0x84
_MOST: Final = 32635


def _au(keys: str, seconds: int) -> Iterator[bytes]:
    yield struct.pack(">4sIIIII4x", b".snd", _AU_HEADER, seconds * sound.RATE, 1, sound.RATE, 1)
    for second in _samples(keys, seconds):
        yield bytes(map(_mu_law, struct.unpack(f"<{sound.RATE}h", second)))


@cache
def _mu_law(sample: int) -> int:
    """A sample of 16 bits as one byte of µ-law (G.711)."""
    sign = 0x80 if sample < 0 else 0
    level = min(abs(sample), _MOST) + _BIAS
    exponent = level.bit_length() - 8
    return ~(sign | exponent << 4 | level >> exponent + 3 & 0x0F) & 0xFF


# -- FLAC -------------------------------------------------------------------------------------------------------


def _stream_info(seconds: int) -> bytes:
    """What a FLAC stream is, without the hash of its samples."""
    sizes = [_block_length(number) for number in (0, max(0, seconds * _BLOCKS - 1))]
    packed = sound.RATE << 44 | 0 << 41 | (8 * sound.BYTES - 1) << 36 | seconds * sound.RATE
    return (
        struct.pack(">HH", BLOCK, BLOCK)
        + min(sizes).to_bytes(3, "big")
        + max(sizes).to_bytes(3, "big")
        + packed.to_bytes(8, "big")
        + bytes(16)
    )


def _blocks(keys: str, seconds: int) -> Iterator[bytes]:
    """One FLAC block after the other."""
    number = 0
    size = BLOCK * sound.BYTES
    for second in _samples(keys, seconds):
        for at in range(0, len(second), size):
            yield _block(number, second[at : at + size])
            number += 1


def _block(number: int, samples: bytes) -> bytes:
    head = b"\xff\xf8\x74\x08" + _coded(number) + struct.pack(">H", BLOCK - 1)
    high_first = bytearray(len(samples))
    high_first[0::2], high_first[1::2] = samples[1::2], samples[0::2]
    block = head + bytes((_crc8(head), _SUBFRAME)) + bytes(high_first)
    return block + struct.pack(">H", _crc16(block))


def _block_length(number: int) -> int:
    return 4 + len(_coded(number)) + 2 + 1 + 1 + BLOCK * sound.BYTES + 2


def _coded(number: int) -> bytes:
    """A number as UTF-8 codes it, though it is no character."""
    if number < 0x80:
        return bytes((number,))
    tail: list[int] = []
    most = 0x3F
    while number > most:
        tail.insert(0, 0x80 | number & 0x3F)
        number >>= 6
        most >>= 1
    return bytes((~(most << 1 | 1) & 0xFF | number, *tail))


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> bits - 1 & 1 else 0)
        found.append(value & (1 << bits) - 1)
    return tuple(found)


_CRC8: Final = _table(0x07, 8)
_CRC16: Final = _table(0x8005, 16)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc16(data: bytes) -> int:
    value, table = 0, _CRC16
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
    return value


# -- Ogg --------------------------------------------------------------------------------------------------------

_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _ogg(keys: str, seconds: int) -> Iterator[bytes]:
    first, comment = _ogg_head(seconds)
    yield _page(first, 0, 0, 0x02)
    yield _page(comment, 1, 0, 0)
    last = seconds * _BLOCKS - 1
    for number, block in enumerate(_blocks(keys, seconds)):
        yield _page(block, number + 2, (number + 1) * BLOCK, 0x04 if number == last else 0)


def _ogg_head(seconds: int) -> tuple[bytes, bytes]:
    info = _stream_info(seconds)
    first = b"\x7fFLAC\x01\x00\x00\x01fLaC" + bytes((0,)) + len(info).to_bytes(3, "big") + info
    words = struct.pack("<I", len(_VENDOR)) + _VENDOR + struct.pack("<I", 0)
    return first, bytes((0x84,)) + len(words).to_bytes(3, "big") + words


def _page(packet: bytes, number: int, position: int, flags: int) -> bytes:
    """A page of Ogg with one whole packet."""
    lacing = _lacing(len(packet))
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, _SERIAL, number, 0) + bytes((len(lacing),)) + lacing
    # zlib's checksum runs the other way round: so do the bits of what it is made of, and of what comes out
    mirrored = zlib.crc32((head + packet).translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    checksum = mirrored.to_bytes(4, "big").translate(_MIRROR)
    return head[:22] + checksum + head[26:] + packet


def _lacing(length: int) -> bytes:
    return b"\xff" * (length // 255) + bytes((length % 255,))


def _page_length(length: int) -> int:
    return 27 + len(_lacing(length)) + length


def _ogg_length(seconds: int) -> int:
    heads = sum(_page_length(len(packet)) for packet in _ogg_head(seconds))
    return heads + sum(_page_length(_block_length(number)) for number in range(seconds * _BLOCKS))


# -- MP4 --------------------------------------------------------------------------------------------------------

_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TYPE: Final = b"isom\0\0\2\0isomiso2mp41"


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _mp4(keys: str, seconds: int) -> Iterator[bytes]:
    yield _mp4_head(seconds)
    yield from _blocks(keys, seconds)


def _mp4_length(seconds: int) -> int:
    return len(_mp4_head(seconds)) + sum(_block_length(number) for number in range(seconds * _BLOCKS))


def _mp4_head(seconds: int) -> bytes:
    """All boxes, and the beginning of the one with the sound."""
    sizes = [_block_length(number) for number in range(seconds * _BLOCKS)]
    before = len(_box(b"ftyp", _TYPE)) + len(_moov(seconds, sizes, 0)) + 8
    return _box(b"ftyp", _TYPE) + _moov(seconds, sizes, before) + struct.pack(">I4s", 8 + sum(sizes), b"mdat")


def _moov(seconds: int, sizes: list[int], at: int) -> bytes:
    total = seconds * sound.RATE
    info = _stream_info(seconds)
    entry = _box(
        b"fLaC",
        struct.pack(">6xH8xHHHHI", 1, 1, 8 * sound.BYTES, 0, 0, sound.RATE << 16),
        _full(b"dfLa", bytes((0x80,)), len(info).to_bytes(3, "big"), info),
    )
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">III", 1, len(sizes), BLOCK)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, len(sizes), 1)),
        _full(b"stsz", struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes)),
        _full(b"stco", struct.pack(">II", 1, at)),
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, sound.RATE, total, 0x55C4, 0)),
        _full(b"hdlr", struct.pack(">I4s12x", 0, b"soun"), b"Message\0"),
        _box(
            b"minf",
            _full(b"smhd", bytes(4)),
            _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            table,
        ),
    )
    track = _box(
        b"trak",
        _full(b"tkhd", struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, total, 0, 0, 0x100, 0), _MATRIX, bytes(8), flags=3),
        media,
    )
    movie = _full(
        b"mvhd",
        struct.pack(">IIIIIH10x", 0, 0, sound.RATE, total, 0x10000, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", 2),
    )
    return _box(b"moov", movie, track)
