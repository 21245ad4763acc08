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
    EventsLate,
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
    (EventsLate, "events_late"),
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


def placeholders_of(err: PbxError) -> dict[str, str]:
    """Return the words of an error that its sentence has a place for: what is meant, and not how it was asked for.

    The client's own messages are English and may name requests: they go to the log with the error.
    """
    words = {"reason": "", "field": "", "detail": "", "missing": "", "action": "", "offered": "-"}
    if isinstance(err, InvalidInput):
        # Only this is more than a sentence can say beforehand: what is wrong with a value.
        words["detail"] = f"{err.problem} {err.remedy or ''}".strip()
        words["field"] = err.field.rpartition(".")[2].replace("_", " ")
    elif isinstance(err, NotSupported):
        words["missing"] = err.missing
    elif isinstance(err, ActionNotAllowed):
        words["action"] = err.action.replace("_", " ")
        words["offered"] = ", ".join(one.replace("_", " ") for one in err.offered) or "-"
    elif isinstance(err, CallOver):
        words["reason"] = err.outcome.replace("_", " ")
    elif isinstance(err, RequestRefused):
        words["reason"] = _reason(err)
    return words


def _reason(err: RequestRefused) -> str:
    """Return what the server itself gives as its reason, in its own words, else its code."""
    said = err.inner_message or err.help_message or err.cause or err.type or err.code
    return str(said).strip().rstrip(".") if said is not None else f"HTTP {err.status}"


def translated[E: HomeAssistantError](err: PbxError, kind: type[E]) -> E:
    """Return an error of Home Assistant: a translated sentence with the error's words in it."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders=placeholders_of(err),
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
