"""Other inputs out of given ones: bytes changed, cut, doubled and put together, and words that readers stumble over."""

import random
from collections.abc import Sequence
from typing import Final

WORDS: Final = (
    b"", b"null", b"true", b"[]", b"{}", b'""', b"-1", b"0", b"1e308", b"1e-400", b"9223372036854775808", b"-0", b"NaN",
    b"\\ud800", b"\\u0000", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r\n", b"\n", b"\0", b"'''", b'"""',
    b"&a ", b"*a",
    b"<<: ", b"!!int ", b"!!binary ", b"2001-02-30", b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b",", b'"', b"\\",
    b"7" * 120,
    b"[" * 60, b'{"a":' * 60, b" " * 200,
)  # fmt: skip
LONGEST: Final = 4096


class Mutator:
    """Makes inputs from a corpus; the same seed makes the same ones."""

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        """Begin with these."""
        self.corpus = list(corpus)
        self._random = random.Random(seed)

    def next(self) -> bytes:
        """Return another input."""
        data = bytearray(self._random.choice(self.corpus))
        for _ in range(1 << self._random.randrange(4)):
            self._change(data)
        return bytes(data[:LONGEST])

    def _change(self, data: bytearray) -> None:
        rng = self._random
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + 1 + rng.randrange(1 << rng.randrange(7)))
        match rng.randrange(7):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:end] = rng.choice(WORDS)
            case 4:
                data[at:at] = rng.choice(WORDS)
            case 5:
                other = rng.choice(self.corpus)
                start = rng.randrange(len(other) + 1)
                data[at:end] = other[start : start + 64]
            case _:
                data[at:at] = bytes([rng.randrange(256)])
