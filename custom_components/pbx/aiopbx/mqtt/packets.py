"""The packets of MQTT 5 that a bridge and its readers need: QoS 0 and 1, and no topic aliases.

Functions make them, and ``Reader`` takes them out of what a socket gives, many at a time: tens of thousands of lines
arrive at once when a reader starts, which is why no library that reads a socket byte by byte is used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

CONNECT: Final = 0x10
CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBSCRIBE: Final = 0x82
SUBACK: Final = 0x90
UNSUBSCRIBE: Final = 0xA2
UNSUBACK: Final = 0xB0
PINGREQ: Final = b"\xc0\x00"
PINGRESP: Final = 0xD0
DISCONNECT: Final = 0xE0

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of the largest packet that is accepted, which the broker is told."""

RECEIVE_MAXIMUM: Final = 0x21
MAXIMUM_QOS: Final = 0x24
RETAIN_AVAILABLE: Final = 0x25
MAXIMUM_PACKET_SIZE: Final = 0x27
WILDCARDS_AVAILABLE: Final = 0x28
SHARED_AVAILABLE: Final = 0x2A
KEEP_ALIVE: Final = 0x13
REASON: Final = 0x1F
RESPONSE_TOPIC: Final = 0x08
CORRELATION_DATA: Final = 0x09
_EXPIRY: Final = 0x02

_BYTES_OF: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
}
_STRINGS: Final = frozenset({0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F})
_BINARIES: Final = frozenset({0x09, 0x16})
_PAIR: Final = 0x26
_VARIABLE: Final = 0x0B


_PLAIN: Final = bytes((PUBLISH,))
_RETAINED: Final = bytes((PUBLISH | 1,))


class Malformed(Exception):
    """What came is not MQTT 5."""


@dataclass(frozen=True, slots=True)
class Message:
    """What came on a topic."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str | None = None
    correlation: bytes | None = None


# ----------------------------------------------------------------------------------------------------------------- make


def variable(number: int) -> bytes:
    """Write a number in one to four bytes of seven bits each."""
    if number < 128:
        return bytes((number,))
    if number < 16_384:
        return bytes((number & 127 | 128, number >> 7))
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | 128 if number else low)
        if not number:
            return bytes(found)


def _binary(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _packet(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((kind,)) + variable(len(body)) + body


def connect(
    client: str,
    *,
    keep_alive: int,
    username: str | None = None,
    password: str | None = None,
    will: tuple[str, bytes] | None = None,
) -> bytes:
    """Ask for a session that begins empty and ends with the connection. The will is retained, with QoS 1."""
    flags, rest = 0x02, [_text(client)]
    if will is not None:
        flags |= 0x04 | 0x08 | 0x20
        rest += [b"\x00", _text(will[0]), _binary(will[1])]
    if username is not None:
        flags |= 0x80
        rest.append(_text(username))
    if password is not None:
        flags |= 0x40
        rest.append(_text(password))
    properties = bytes((MAXIMUM_PACKET_SIZE,)) + LARGEST.to_bytes(4, "big")
    head = _text("MQTT") + bytes((5, flags)) + keep_alive.to_bytes(2, "big")
    return _packet(CONNECT, head, variable(len(properties)), properties, *rest)


@lru_cache(65_536)
def _named(topic: str) -> bytes:
    return _text(topic) + b"\0"


def published(topic: str, size: int, retain: bool) -> bytes:
    """What stands before the payload of a publish with QoS 0 and no properties: a worker makes little else."""
    named = _named(topic)
    return (_RETAINED if retain else _PLAIN) + variable(len(named) + size) + named


def publish(
    topic: bytes,
    payload: bytes,
    *,
    retain: bool = False,
    number: int | None = None,
    expiry: int | None = None,
    response_topic: str | None = None,
    correlation: bytes | None = None,
) -> bytes:
    """Publish: with QoS 0, or with QoS 1 where it has a number."""
    properties = b""
    if expiry is not None:
        properties += bytes((_EXPIRY,)) + expiry.to_bytes(4, "big")
    if response_topic is not None:
        properties += bytes((RESPONSE_TOPIC,)) + _text(response_topic)
    if correlation is not None:
        properties += bytes((CORRELATION_DATA,)) + _binary(correlation)
    kind = PUBLISH | (0 if number is None else 0x02) | retain
    mark = b"" if number is None else number.to_bytes(2, "big")
    return _packet(kind, _binary(topic), mark, variable(len(properties)), properties, payload)


def puback(number: int) -> bytes:
    """Say that a message has come."""
    return _packet(PUBACK, number.to_bytes(2, "big"))


def subscribe(number: int, topics: Sequence[str], *, qos: int, retained: bool) -> bytes:
    """Subscribe; ``retained`` says whether what stands there is wanted too."""
    # Retain Handling 2 is "none": Mosquitto 2.0 would give retained messages to shared subscriptions, too.
    options = bytes((qos if retained else qos | 0x20,))
    return _packet(SUBSCRIBE, number.to_bytes(2, "big"), b"\x00", *(_text(topic) + options for topic in topics))


def unsubscribe(number: int, topics: Sequence[str]) -> bytes:
    """Subscribe no longer."""
    return _packet(UNSUBSCRIBE, number.to_bytes(2, "big"), b"\x00", *(_text(topic) for topic in topics))


def disconnect() -> bytes:
    """Say farewell, so that no will is published."""
    return _packet(DISCONNECT, b"\x00")


# ----------------------------------------------------------------------------------------------------------------- read


class Reader:
    """Takes packets out of the bytes of a connection."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, memoryview]]:
        """Give the first byte and the body of every packet that is whole now. Raises ``Malformed``."""
        if self._rest:
            data = self._rest + data
        view, at, end = memoryview(data), 0, len(data)
        while at + 2 <= end:
            length = shift = 0
            body = at + 1
            whole = False
            while body < end:
                byte = data[body]
                body += 1
                length |= (byte & 127) << shift
                if byte < 128:
                    whole = True
                    break
                shift += 7
                if shift > 21:
                    raise Malformed("the length of a packet has more than four bytes")
            if length > LARGEST:
                raise Malformed(f"a packet of {length} bytes is larger than was asked for")
            if not whole or body + length > end:
                break
            kind, at = data[at], body + length
            yield kind, view[body:at]
        self._rest = bytes(view[at:])


def _number(view: memoryview, at: int, size: int) -> int:
    if at + size > len(view):
        raise Malformed("a packet ends in the middle of a number")
    return int.from_bytes(view[at : at + size], "big")


def _piece(view: memoryview, at: int) -> tuple[bytes, int]:
    end = at + 2 + _number(view, at, 2)
    if end > len(view):
        raise Malformed("a packet ends in the middle of a text")
    return bytes(view[at + 2 : end]), end


def _variable(view: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = _number(view, at, 1)
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > 21:
            raise Malformed("a number has more than four bytes")


def properties(view: memoryview, at: int) -> tuple[dict[int, Any], int]:
    """Read the properties that begin here, and return where they end. Raises ``Malformed``."""
    length, at = _variable(view, at)
    end = at + length
    if end > len(view):
        raise Malformed("a packet ends in the middle of its properties")
    found: dict[int, Any] = {}
    while at < end:
        kind, at = view[at], at + 1
        size = _BYTES_OF.get(kind)
        if size is not None:
            found[kind], at = _number(view, at, size), at + size
        elif kind in _BINARIES:
            found[kind], at = _piece(view, at)
        elif kind in _STRINGS:
            text, at = _piece(view, at)
            found[kind] = text.decode("utf-8", "replace")
        elif kind == _PAIR:
            _, at = _piece(view, at)
            _, at = _piece(view, at)
        elif kind == _VARIABLE:
            found[kind], at = _variable(view, at)
        else:
            raise Malformed(f"there is no property 0x{kind:02X}")
    return found, end


def connack(view: memoryview) -> tuple[int, dict[int, Any]]:
    """Read the answer to ``connect``: reason and properties."""
    reason = _number(view, 1, 1)
    return (reason, {}) if len(view) < 3 else (reason, properties(view, 2)[0])


def acknowledged(view: memoryview) -> tuple[int, int]:
    """Read the number of a message, and the reason."""
    return _number(view, 0, 2), view[2] if len(view) > 2 else 0


def granted(view: memoryview) -> tuple[int, list[int]]:
    """Read the number of a subscription (or of its end), and a reason for each topic."""
    number = _number(view, 0, 2)
    _, at = properties(view, 2)
    return number, list(view[at:])


def message(kind: int, view: memoryview) -> tuple[Message, int | None]:
    """Read a message, and its number where it wants to be acknowledged."""
    topic, at = _piece(view, 0)
    number = None
    if kind & 0x06:
        if kind & 0x04:
            raise Malformed("a message came with QoS 2, which was not asked for")
        number, at = _number(view, at, 2), at + 2
    response_topic = correlation = None
    if at < len(view) and view[at] == 0:  # without properties, as nearly all are
        at += 1
    else:
        found, at = properties(view, at)
        response_topic, correlation = found.get(RESPONSE_TOPIC), found.get(CORRELATION_DATA)
    return (
        Message(topic.decode("utf-8", "replace"), bytes(view[at:]), bool(kind & 1), response_topic, correlation),
        number,
    )
