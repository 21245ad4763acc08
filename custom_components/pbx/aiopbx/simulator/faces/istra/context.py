"""What an Istra handler receives, how it is registered, and what it can return."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from multidict import MultiMapping

from .refusals import bad_request

if TYPE_CHECKING:
    from ...switch import Switch
    from ...switch.users import User
    from .face import IstraFace
    from .sessions import Session

_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its own status or headers, or one that is not JSON."""

    status: int = HTTPStatus.OK
    body: Any = None
    """Becomes JSON; ``None`` is an empty body."""
    headers: tuple[tuple[str, str], ...] = ()
    pieces: Iterable[bytes] | None = None
    """Sent one after the other instead of ``body``."""
    length: int = 0
    """The total length of the pieces in bytes."""


NOTHING = Answer(HTTPStatus.NO_CONTENT)
OK = Answer(HTTPStatus.OK)

Handler = Callable[..., Any]
"""``handler(ctx, **path_parameters)``; anything but an ``Answer`` is sent as JSON with status 200."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that the server offers."""

    application: str
    """The application that it belongs to; ``*`` is all of them."""
    methods: tuple[str, ...]
    path: str
    """Relative to the base, without a leading slash, parameters in braces."""
    handler: Handler
    telephony: bool = True
    """Whether it is refused while the telephony is down."""


@dataclass(slots=True)
class Context:
    """A request within a session."""

    face: "IstraFace"
    session: "Session"
    query: MultiMapping[str]
    raw: bytes = field(repr=False)

    @property
    def switch(self) -> "Switch":
        """The telephony."""
        return self.face.switch

    @property
    def user(self) -> "User":
        """The user of the session. Sessions of myRCC have none."""
        return self.face.switch.users[self.session.login]

    @property
    def body(self) -> dict[str, Any]:
        """The body: JSON objects one after the other, with keys stripped of spaces."""
        return read_body(self.raw)

    def text(self, name: str, value: Any) -> str:
        """Check that a text is present; a number counts as text."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise bad_request(f"{name}: a text is missing")
        return value.strip()

    def field(self, name: str) -> str:
        """A text from the body."""
        return self.text(name, self.body.get(name))

    def parameter(self, name: str) -> str:
        """A text from the query."""
        return self.text(name, self.query.get(name))

    def whole(self, name: str, default: int) -> int:
        """A whole number from the query, 0 or more."""
        value = self.query.get(name)
        if value is None or not value.strip():
            return default
        value = value.strip()
        if not (value.isascii() and value.isdecimal() and len(value) <= 9):
            raise bad_request(f"{name}: {value!r} is no whole number of 0 or more")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """A boolean from the query; ``None`` if it is absent."""
        value = self.query.get(name)
        return None if value is None else boolean(name, value)


def boolean(name: str, value: Any) -> bool:
    """Read a boolean, also one written as text or as a number."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in ("true", "false", "1", "0"):
        raise bad_request(f"{name}: {value!r} is neither true nor false")
    return word in ("true", "1")


def read_body(raw: bytes) -> dict[str, Any]:
    """Merge JSON objects that follow one another into one."""
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        raise bad_request("the body is no UTF-8") from None
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        try:
            value, at = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise bad_request("the body is no JSON") from None
        if not isinstance(value, dict):
            raise bad_request("the body is no JSON object")
        found |= {key.strip(): item for key, item in value.items()}
        while at < len(text) and text[at].isspace():
            at += 1
    return found
