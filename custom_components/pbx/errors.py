"""The client's errors as Home Assistant shows them: translated, and divided by whose fault they are."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.core import async_get_hass_or_none
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

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

_LOGGER = logging.getLogger(__name__)

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


# Fields of the client that forms have under another key.
_FORM_FIELDS: Final = {"device": "phone", "acd": "skills", "to": "number"}

# What can be wrong with a value, in the client's words for it: each has a sentence, input_ and the word.
_REASONS: Final = frozenset(
    {
        "argument_kind", "argument_missing", "argument_unknown", "auto_answer", "before_after", "ca_file",
        "call_center_and_code", "caller_id", "code_empty", "data_and_code", "data_length", "device", "half_character",
        "licence", "mailbox", "mailbox_missing", "not_here", "number", "number_length", "number_missing",
        "number_pause", "operation", "pattern", "phone_book", "policy_calls", "policy_denied", "policy_not_allowed",
        "private_call", "private_or_business", "query_empty", "text_empty", "tones",
    }
)  # fmt: skip


def message_key(err: PbxError) -> str:
    """Return the translation key of what an action or an entity says of an error."""
    if isinstance(err, InvalidInput) and err.reason in _REASONS:
        return f"input_{err.reason}"
    return error_key(err)


def error_key(err: PbxError) -> str:
    """Return the translation key of an error as flows say it; what an action says may be more exact."""
    for kind, key in _KEYS:
        if isinstance(err, kind):
            return key
    return "pbx_error"


def placeholders_of(err: PbxError) -> dict[str, str]:
    """Return the words of an error that its sentence has a place for: what is meant, and not how it was asked for.

    The client's own messages are English and may name requests: they go to the log with the error.
    """
    words = {"reason": "", "field": "", "missing": "", "action": "", "offered": "-"}
    if isinstance(err, InvalidInput):
        words |= {"field": _in_the_form(err.field), **err.words}
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


def _in_the_form(field: str) -> str:
    """Return what forms call a field of the client's, in Home Assistant's language; else the field itself."""
    key = field.rpartition(".")[2]
    hass = async_get_hass_or_none()
    names = async_get_cached_translations(hass, hass.config.language, "services", DOMAIN) if hass is not None else {}
    wanted = f".fields.{_FORM_FIELDS.get(key, key)}.name"
    return next((name for path, name in names.items() if path.endswith(wanted)), key.replace("_", " "))


def _reason(err: RequestRefused) -> str:
    """Return what the server itself gives as its reason, in its own words, else its code."""
    said = err.inner_message or err.help_message or err.cause or err.type or err.code
    return str(said).strip().rstrip(".") if said is not None else f"HTTP {err.status}"


def translated[E: HomeAssistantError](err: PbxError, kind: type[E]) -> E:
    """Return an error of Home Assistant: a translated sentence with the error's words in it."""
    if (key := message_key(err)) == "invalid_input":
        # The sentence knows no more than the field.
        _LOGGER.warning("A value cannot be used, and nothing was sent. %s", err)
    return kind(
        translation_domain=DOMAIN,
        translation_key=key,
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
