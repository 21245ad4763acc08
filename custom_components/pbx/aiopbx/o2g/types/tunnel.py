"""What travels through the tunnel: the messages between this side and the agent of an O2G server. Both sides use them.

O2G's agent opens a WebSocket to this side. Each text frame is one JSON object, whose ``type`` says what it is.
To the agent go ``Request`` and ``Cancel``; from it come ``Answer``, ``Piece`` and ``Event``. ``docs/o2g-tunnel.md``
describes them.
"""

from typing import Any, Final

import msgspec

IDENTIFIER: Final = "identifier"
"""The query parameter of ``POST /subscriptions`` that names the subscription in its events."""
BEARER: Final = "Bearer "
"""How the header ``Authorization`` of the handshake begins, where the agent does not show its secret in the URL."""
LONGEST_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes. A longer answer comes in pieces."""
GATEWAY_ERRORS: Final = (502, 504)
"""What the agent itself answers, without a body, where the O2G server behind it does not."""

_NO_JSON: Final = msgspec.Raw()


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag_field="type"):
    """A message. None of them shows what is in it: cookies, codes and subscription ids are."""

    def __repr__(self) -> str:
        """Say which kind it is."""
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[Any]:
        """Show rich no more."""
        return []


class Payload(Message, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A message with a body: as JSON where it is JSON, as text where it is text, else as bytes in Base64."""

    json: msgspec.Raw = _NO_JSON
    text: str | None = None
    data: bytes | None = None

    @property
    def body(self) -> bytes:
        """The body as bytes, whichever way it came; empty where there is none."""
        if self.data is not None:
            return self.data
        if self.text is not None:
            return self.text.encode()
        return bytes(self.json)


class Request(Payload, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="request"):
    """A REST request, for the agent to make."""

    id: str
    """Named again in the answer."""
    method: str
    path: str
    """Path and query, from ``/api/rest`` on."""
    headers: dict[str, str] = {}
    """With ``Host``, ``Cookie`` and ``Authorization`` as HTTP has them."""


class Cancel(Message, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="cancel"):
    """The answer, or the rest of it, is not waited for. The request may have been carried out."""

    id: str


class Answer(Payload, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="answer"):
    """What the O2G server answered to the request with this id."""

    id: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    """Name and value; a name may be there several times, as ``Set-Cookie`` is."""
    more: bool = False
    """Whether pieces follow, which continue the body."""


class Piece(Message, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="piece"):
    """More of the body of an answer."""

    id: str
    data: bytes = b""
    more: bool = False
    """Whether further pieces follow."""


class Event(Payload, frozen=True, kw_only=True, omit_defaults=True, rename="camel", tag="event"):
    """An event of the subscription that was made with this identifier."""

    identifier: str


def payload(body: bytes) -> dict[str, Any]:
    """How a body goes into a message."""
    if not body:
        return {}
    try:
        return {"json": msgspec.Raw(_checked(body))}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"data": body}


def _checked(body: bytes) -> bytes:
    """The body, if it is JSON to the last byte: as a part of a message it must not break the whole."""
    msgspec.json.decode(body)
    return body


encode: Final = msgspec.json.Encoder().encode
"""A message as a frame has it."""
to_agent: Final = msgspec.json.Decoder(Request | Cancel).decode
"""Read a frame on the agent's side. Raises ``msgspec.DecodeError``."""
from_agent: Final = msgspec.json.Decoder(Answer | Piece | Event).decode
"""Read a frame of the agent. Raises ``msgspec.DecodeError``."""
