"""The client's errors as Home Assistant shows them: translated, and divided by whose fault they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .aiopbx import (
    ActionNotAllowed,
    AuthenticationFailed,
    CallOver,
    CertificateFailed,
    ConnectionFailed,
    InvalidInput,
    NotFound,
    NotReady,
    NotSupported,
    Offline,
    OutcomeUnknown,
    PbxError,
    PolicyViolation,
    RequestRefused,
    SessionLost,
    UnknownCall,
    UnknownLine,
)
from .const import DOMAIN

# The first match names the translation, so a subclass stands before its parent.
_KEYS: Final[tuple[tuple[type[PbxError], str], ...]] = (
    (PolicyViolation, "policy_violation"),
    (InvalidInput, "invalid_input"),
    (UnknownLine, "unknown_line"),
    (UnknownCall, "unknown_call"),
    (NotSupported, "not_supported"),
    (ActionNotAllowed, "action_not_allowed"),
    (CallOver, "call_over"),
    (CertificateFailed, "certificate"),
    (ConnectionFailed, "cannot_connect"),
    (AuthenticationFailed, "invalid_auth"),
    (Offline, "offline"),
    (OutcomeUnknown, "outcome_unknown"),
    (NotReady, "not_ready"),
    (SessionLost, "session_lost"),
    (NotFound, "not_found"),
    (RequestRefused, "refused"),
)

# What the caller can correct: nothing was sent, nothing has changed.
_CALLERS_FAULT: Final = (InvalidInput, UnknownLine, UnknownCall, NotSupported, ActionNotAllowed)


def error_key(err: PbxError) -> str:
    """Return the translation key of an error; flows and exceptions use the same."""
    for kind, key in _KEYS:
        if isinstance(err, kind):
            return key
    return "pbx_error"


def translated[E: HomeAssistantError](err: PbxError, kind: type[E]) -> E:
    """Return an error of Home Assistant: a translated sentence with the client's message in it."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"message": str(err)},
    )


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return an error of the integration's own: the caller asked for something that cannot be done."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


@contextmanager
def pbx_errors() -> Iterator[None]:
    """Turn the client's errors into Home Assistant's."""
    try:
        yield
    except PbxError as err:
        raise translated(
            err, ServiceValidationError if isinstance(err, _CALLERS_FAULT) else HomeAssistantError
        ) from err
