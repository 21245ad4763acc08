"""The client's errors as Home Assistant shows them: translated, and told apart by whose fault they are."""

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

# The first that fits names the translation. A child stands before its parent.
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

# What the caller can mend: nothing was sent, nothing has changed.
_CALLERS_FAULT: Final = (InvalidInput, UnknownLine, UnknownCall, NotSupported, ActionNotAllowed)


def error_key(err: PbxError) -> str:
    """Return the translation key of an error; flows and exceptions use the same."""
    for kind, key in _KEYS:
        if isinstance(err, kind):
            return key
    return "pbx_error"


def translated(err: PbxError) -> HomeAssistantError:
    """Return what to raise in an action: the client's words inside a translated sentence."""
    kind = ServiceValidationError if isinstance(err, _CALLERS_FAULT) else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"message": str(err)},
    )


@contextmanager
def pbx_errors() -> Iterator[None]:
    """Turn the client's errors into Home Assistant's."""
    try:
        yield
    except PbxError as err:
        raise translated(err) from err
