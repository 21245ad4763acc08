"""Sound for recorded messages: short tones as telephones make them, in a WAV file generated while it is sent."""

import io
import math
import struct
import wave
from collections.abc import Iterator
from functools import cache
from typing import Final

RATE: Final = 8000
"""Samples in a second; a sample is 16 bits, one channel."""
BYTES: Final = 2
TONE: Final = 0.15
"""Seconds that each key sounds."""
GAP: Final = 0.05

# The two tones of each key, in Hz.
_ROWS: Final = {"123A": 697, "456B": 770, "789C": 852, "*0#D": 941}
_COLUMNS: Final = {"147*": 1209, "2580": 1336, "369#": 1477, "ABCD": 1633}
_BEEP: Final = (440, 440)


def length(seconds: int) -> int:
    """Return the size of a message of this length as a file."""
    return len(header(seconds)) + seconds * RATE * BYTES


def header(seconds: int) -> bytes:
    """Return the beginning of the file."""
    buffer = io.BytesIO()
    writer = wave.open(buffer, "wb")  # noqa: SIM115 - closing it would count the samples that it has not got
    writer.setnchannels(1)
    writer.setsampwidth(BYTES)
    writer.setframerate(RATE)
    writer.setnframes(seconds * RATE)
    writer.writeframesraw(b"")
    return buffer.getvalue()


def message(keys: str, seconds: int) -> Iterator[bytes]:
    """Yield a message, a second at a time: the keys of a number over and over, with a beep between."""
    yield header(seconds)
    melody = b"".join((*(_tone(*_pair(key)) for key in keys if _known(key)), _tone(*_BEEP)))
    at = 0
    for _ in range(seconds):
        second = bytearray()
        while len(second) < RATE * BYTES:
            piece = melody[at : at + RATE * BYTES - len(second)]
            second += piece
            at = (at + len(piece)) % len(melody)
        yield bytes(second)


def _known(key: str) -> bool:
    return any(key in row for row in _ROWS)


def _pair(key: str) -> tuple[int, int]:
    low = next(tone for row, tone in _ROWS.items() if key in row)
    high = next(tone for column, tone in _COLUMNS.items() if key in column)
    return low, high


@cache
def _tone(low: int, high: int) -> bytes:
    """Return two tones at once, and the silence after them."""
    count, silence = round(TONE * RATE), round(GAP * RATE)
    turn = 2 * math.pi / RATE
    samples = [round(8000 * (math.sin(low * turn * n) + math.sin(high * turn * n))) for n in range(count)]
    return struct.pack(f"<{count + silence}h", *samples, *([0] * silence))
