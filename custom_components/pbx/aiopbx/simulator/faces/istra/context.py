"""What a handler of Istra gets, how it is registered, and what it may answer with."""

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
    """An answer with a status or headers of its own, or one that is no JSON."""

    status: int = HTTPStatus.OK
    body: Any = None
    """What becomes JSON; none is nothing."""
    headers: tuple[tuple[str, str], ...] = ()
    pieces: Iterable[bytes] | None = None
    """Sent one after the other instead of ``body``."""
    length: int = 0
    """Bytes of all pieces."""


NOTHING = Answer(HTTPStatus.NO_CONTENT)
OK = Answer(HTTPStatus.OK)

Handler = Callable[..., Any]
"""``handler(ctx, **path_parameters)``; what is no ``Answer`` is the JSON of one with 200."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation that is served."""

    application: str
    """Whose it is; ``*`` is everybody's."""
    methods: tuple[str, ...]
    path: str
    """Below the base, without a slash before it, parameters in braces."""
    handler: Handler
    telephony: bool = True
    """Whether it is refused while the telephony does not run."""


@dataclass(slots=True)
class Context:
    """One request of somebody who is logged in."""

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
        """Who asks; not for myRCC, whose sessions are of no user."""
        return self.face.switch.users[self.session.login]

    @property
    def body(self) -> dict[str, Any]:
        """What the request carries: JSON objects one after the other, their keys without spaces around them."""
        return read_body(self.raw)

    def text(self, name: str, value: Any) -> str:
        """A text that has to be there; numbers are taken for one."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise bad_request(f"{name}: a text is missing")
        return value.strip()

    def field(self, name: str) -> str:
        """A text of the body."""
        return self.text(name, self.body.get(name))

    def asked(self, name: str) -> str:
        """A text of the query."""
        return self.text(name, self.query.get(name))

    def whole(self, name: str, default: int) -> int:
        """A whole number of the query, 0 or more."""
        value = self.query.get(name)
        if value is None or not value.strip():
            return default
        value = value.strip()
        if not (value.isascii() and value.isdecimal() and len(value) <= 9):
            raise bad_request(f"{name}: {value!r} is no whole number of 0 or more")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """A truth of the query; none if it is not there."""
        value = self.query.get(name)
        return None if value is None else boolean(name, value)


def boolean(name: str, value: Any) -> bool:
    """A truth, also one that is written as text or as a number."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in ("true", "false", "1", "0"):
        raise bad_request(f"{name}: {value!r} is neither true nor false")
    return word in ("true", "1")


def read_body(raw: bytes) -> dict[str, Any]:
    """Read JSON objects that stand one after the other as one."""
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
