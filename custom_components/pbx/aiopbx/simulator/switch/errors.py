"""Errors that the switch raises."""


class SwitchError(Exception):
    """An action that the switch refused; nothing has changed.

    ``kind`` and ``cause`` are those of the telephony service (``INCOMPATIBLE_WITH_STATE``,
    ``INVALID_CONNECTION_STATE``), or with ``routing`` those of the routing service.
    """

    def __init__(
        self,
        kind: str,
        cause: str | None = None,
        message: str = "",
        *,
        routing: bool = False,
        destination: str | None = None,
    ) -> None:
        """Set kind, cause and a message for people."""
        super().__init__(message or kind)
        self.kind = kind
        self.cause = cause
        self.message = message or kind
        self.routing = routing
        self.destination = destination
        """For routing: the type of destination that is wrong, such as ``VOICEMAIL``."""


def no_such_call(ref: str) -> SwitchError:
    """There is no call with this reference, or the user is not in it."""
    return SwitchError("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", f"There is no call {ref!r} of this user.")


def wrong_state(message: str) -> SwitchError:
    """The call exists but does not allow this now."""
    return SwitchError("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", message)


def bad_value(message: str, cause: str = "INVALID_DATA") -> SwitchError:
    """A parameter has no acceptable value."""
    return SwitchError("BAD_PARAMETER_VALUE", cause, message)


def server_error(cause: str, message: str) -> SwitchError:
    """The call server itself refuses."""
    return SwitchError("CALL_SERVER_ERROR", cause, message)


def unauthorized(message: str, cause: str | None = None) -> SwitchError:
    """This user is not allowed to."""
    return SwitchError("UNAUTHORIZED", cause, message)


def bad_route(kind: str, cause: str, message: str, destination: str | None = None) -> SwitchError:
    """A route cannot be set."""
    return SwitchError(kind, cause, message, routing=True, destination=destination)
