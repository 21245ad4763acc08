"""Wire types of Istra that all applications share: listeners, what is pushed, keepalives, errors."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from .base import IstraWire

__all__ = [
    "Application",
    "ErrorBody",
    "ErrorInfo",
    "ErrorKind",
    "KeepAlive",
    "Listener",
    "ListenerRequest",
    "SocketTimeout",
]


class Application(StrEnum):
    """The three interfaces, as ``X-Application`` names them."""

    RCC = "myRCC"
    CRM = "myCrm"
    USER = "myIstra"

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the session."""
        return f"{self.value}_SESSIONID"


class ListenerRequest(IstraWire, kw_only=True):
    """A listener to create; myCrm wants the terminal as well."""

    name: str
    terminal_id: str | None = None


class Listener(IstraWire, kw_only=True):
    """A listener that exists."""

    name: str
    rest_uri: str | None = None


class SocketTimeout(IstraWire, kw_only=True):
    """The first frame of myRCC and myCrm: how long the server bears silence, in ms."""

    timeout_milliseconds: int = msgspec.field(name="timeout_milliseconds")


class KeepAlive(IstraWire, kw_only=True):
    """What the client of myIstra sends every 30 seconds."""

    _as_text: ClassVar[frozenset[str]] = frozenset({"keepalive"})

    keepalive: bool


class ErrorKind(IstraWire, kw_only=True):
    """The kind of an error."""

    id: str | None = None
    msg: str | None = None


class ErrorInfo(IstraWire, kw_only=True):
    """What an error is about: of this model, this property has this value."""

    type: ErrorKind | None = None
    model: str | None = None
    value: str | None = None
    property: str | None = None


class ErrorBody(IstraWire, kw_only=True):
    """What a refusal says; which of it differs by application and version."""

    code: str | None = None
    message: str | None = None
    exception_id: str | None = None
    cause: str | None = None
    first_message: str | None = None
    info: ErrorInfo | None = None
