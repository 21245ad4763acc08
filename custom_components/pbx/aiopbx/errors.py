"""What can go wrong. Every error says what happened, what to do about it, and whether trying again may help."""

from collections.abc import Iterable
from typing import Any


class PbxError(Exception):
    """Anything this library raises."""

    transient = False
    """Whether the same request may simply be repeated, later."""
    retry_after: float | None = None
    """Seconds after which the server wants to be asked again, if it has said so."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        """Say what happened, and what to do about it."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """One line: what happened, then the remedy."""
        return f"{self.message} {self.remedy}" if self.remedy else self.message


class InvalidInput(PbxError, ValueError):
    """A value that cannot be used; nothing was sent. ``field`` names it.

    ``reason`` is a word for what is wrong, and ``words`` are what goes with it: the value, unless it is a secret, the
    limits, what there is instead. They are for programs that say it in their own language; where a program has no
    sentence for a reason, or there is none, the message says it.
    """

    def __init__(
        self, field: str, message: str, *, remedy: str | None = None, reason: str = "", **words: str | int
    ) -> None:
        """Name the field, say what is wrong with it and how it must be."""
        super().__init__(f"{field}: {message}", remedy=remedy)
        self.field = field
        self.problem = message
        self.reason = reason
        self.words = {name: str(word) for name, word in words.items()}


class PolicyViolation(InvalidInput):
    """The dial policy forbids this number, or this many calls; nothing was sent."""


class UnknownLine(PbxError, KeyError):
    """No such line is monitored."""


class UnknownCall(PbxError, KeyError):
    """No such call is in progress."""


class NotSupported(PbxError):
    """This system, user or licence cannot do it. ``missing`` names the licence or the feature."""

    def __init__(self, message: str, *, missing: str, remedy: str | None = None) -> None:
        """Say what cannot be done, and what is missing for it."""
        super().__init__(message, remedy=remedy)
        self.missing = missing


class ActionNotAllowed(PbxError):
    """The call does not offer this action now; nothing was sent. ``offered`` are those it does."""

    def __init__(self, action: str, offered: Iterable[str], *, where: str = "the call") -> None:
        """Name the action and those that are offered instead."""
        words = tuple(sorted(str(one) for one in offered))
        super().__init__(
            f"{action}: {where} does not offer this now.",
            remedy="It offers: " + ", ".join(words) + "." if words else "It offers nothing at the moment.",
        )
        self.action = str(action)
        self.offered = words


class CallOver(PbxError):
    """The call ended before what was waited for. ``outcome`` says how."""

    def __init__(self, message: str, *, outcome: str) -> None:
        """Say what was waited for, and how the call ended."""
        super().__init__(message)
        self.outcome = outcome


class RecordingFailed(PbxError):
    """A recording cannot be written any more, or cannot be read to its end. The connection is not touched by it."""


class ConnectionFailed(PbxError):
    """The server cannot be reached or does not speak the protocol.

    ``reason`` is a word for what is wrong, for programs that say it in their own language; empty where only the message
    says it. Behind a bridge: ``broker_version``, ``broker_certificate``, ``no_system`` and ``bridge_away``.
    """

    transient = True

    def __init__(self, message: str, *, remedy: str | None = None, reason: str = "") -> None:
        """Say what happened, what to do about it, and in a word what it is."""
        super().__init__(message, remedy=remedy)
        self.reason = reason


class CertificateFailed(ConnectionFailed):
    """The server's certificate does not verify. Nothing was sent. ``where`` is scheme, host and port of it."""

    transient = False
    where: str | None = None


class EventsLate(ConnectionFailed):
    """Events arrive late, because something between here and the server holds them back: a proxy that buffers answers.

    What the events would have changed cannot be trusted, so the client is not online over such a channel.
    """


class AuthenticationFailed(PbxError):
    """Wrong user name or password, or an account that may not log in."""


class TwoStepRequired(AuthenticationFailed):
    """The account needs a second password at login, which the server has sent to a person: give it and log in again.

    ``sent_by`` is how it was sent, in the system's word, such as ``Mail``; None where it does not say.
    """

    def __init__(self, message: str, *, sent_by: str | None = None, remedy: str | None = None) -> None:
        """Say what happened, and how the second password was sent."""
        super().__init__(message, remedy=remedy)
        self.sent_by = sent_by


class Offline(PbxError):
    """There is no connection at the moment; nothing was sent."""

    transient = True


def not_connected() -> Offline:
    """Return the error of a request while there is no connection."""
    return Offline("There is no connection at the moment.", remedy="It is being restored; try again later.")


class OutcomeUnknown(PbxError):
    """The request was sent and not answered: it may have been carried out. Watch the events."""


class RequestRefused(PbxError):
    """The server refused. Everything it said is here."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        status: int,
        code: int | str | None = None,
        type: str | None = None,
        cause: str | None = None,
        error_type: str | None = None,
        help_message: str | None = None,
        inner_message: str | None = None,
        can_retry: bool | None = None,
        transient: bool = False,
        detail: dict[str, Any] | None = None,
        remedy: str | None = None,
    ) -> None:
        """Carry the server's answer."""
        super().__init__(message, remedy=remedy)
        self.operation = operation
        """The wire operation, such as ``POST /telephony/calls``."""
        self.status = status
        """The HTTP status."""
        self.code = code
        """The server's error code: 1000 to 1007 on O2G, text such as ``ERR_100`` on Istra."""
        self.type = type
        """The name that goes with the code, such as ``NOT_READY``."""
        self.cause = cause
        """The cause named by the telephony, routing or preferences service."""
        self.error_type = error_type
        """The kind of error named by that service."""
        self.help_message = help_message
        self.inner_message = inner_message
        self.can_retry = can_retry
        """As the server means it: the mended request may work."""
        self.transient = transient
        self.detail = detail or {}
        """The service's own part of the answer, whole."""

    @property
    def is_of_a_proxy(self) -> bool:
        """Whether the server is not there: a proxy before it has answered, as none of the server's words are in it."""
        return self.status in (502, 503, 504) and self.code is None and self.type is None


class NotFound(RequestRefused):
    """The server does not know what the request named."""


class Conflict(RequestRefused):
    """Someone else has changed it meanwhile: read it again, then change it."""


class NotAllowed(RequestRefused):
    """The account or its licence does not allow this."""


class NotReady(RequestRefused):
    """The server is starting; the same request will work later."""


class SessionLost(RequestRefused):
    """The session is gone; a new one is being opened."""


class SubscriptionLost(RequestRefused):
    """The server does not open the event channel: the subscription is dead, and a new one is needed."""
