"""Testing an account before it is saved: what was typed, then the connection; and what a form says of either."""

import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.core import HomeAssistant

from .aiopbx import (
    AuthenticationFailed,
    CertificateFailed,
    ConnectionFailed,
    EventsLate,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReady,
    PbxError,
    TwoStepRequired,
)
from .bridge_address import SCHEMES, levels_of, whole_address
from .client import Probe, async_probe
from .const import (
    CONF_CA_FILE,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_ENTERPRISE,
    CONF_EVENT_PORT,
    CONF_KIND,
    CONF_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_SYSTEM_NAME,
    CONF_TLS,
    CONF_TOPIC_PREFIX,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
    CONF_USERNAME,
    ISTRA_KINDS,
    KIND_BRIDGE,
    KIND_DEMO,
    KIND_MYRCC,
    KIND_USER,
    TLS_OWN_CA,
)
from .errors import error_key, placeholders_of
from .forms import SECTION_OF
from .lookaround import Found, async_look

_LOGGER = logging.getLogger(__name__)

# The fields that have to be filled in, each with the error of an empty one.
_NEEDED: Final = {CONF_URL: "url_missing", CONF_USERNAME: "username_missing", CONF_PASSWORD: "password_missing"}

# The fields of a form that are settings of the client, each with the error to show when the client rejects it.
_FIELD_ERRORS: Final = {
    CONF_URL: "invalid_url",
    CONF_SECONDARY_URL: "invalid_secondary_url",
    CONF_EVENT_PORT: "invalid_event_port",
    CONF_CA_FILE: "invalid_ca_file",
    CONF_USERNAME: "invalid_username",
    CONF_PASSWORD: "invalid_password",
    CONF_ENTERPRISE: "invalid_enterprise",
    CONF_CLIENT_CERTIFICATE: "invalid_client_certificate",
}

# What the client says of a broker and a bridge in a word, each with its field and its error.
_BROKER_ERRORS: Final = {
    "broker_version": ("base", "broker_version"),
    "broker_certificate": (CONF_CLIENT_CERTIFICATE, "client_certificate_refused"),
    "no_system": (CONF_SYSTEM_NAME, "no_such_system"),
    "bridge_away": ("base", "bridge_away"),
}


class Problem(Exception):
    """A form cannot be accepted: where (a field, its section, or ``base``), the key of the reason, and its words."""

    def __init__(
        self,
        field: str,
        key: str,
        /,
        *,
        second: TwoStepRequired | None = None,
        untrusted: str | None = None,
        **words: str,
    ) -> None:
        """Keep what is shown.

        ``second`` asks for a second password; ``untrusted`` is the address whose certificate does not verify.
        """
        super().__init__(key)
        self.key = key
        self.errors = {SECTION_OF.get(field, field): key}
        self.words = words
        self.second = second
        self.untrusted = untrusted


def check_typed(data: Mapping[str, Any]) -> None:
    """Look at what was typed, before anything is sent. Raises ``Problem``."""
    kind = data[CONF_KIND]
    if kind == KIND_BRIDGE:
        _check_bridge(data)
        return
    for field, key in _NEEDED.items():
        if not data.get(field):
            raise Problem(field, key)
    if kind == KIND_MYRCC and not data.get(CONF_ENTERPRISE):
        raise Problem(CONF_ENTERPRISE, "enterprise_missing")
    _check_url(kind, data[CONF_URL])
    if data.get(CONF_TLS) == TLS_OWN_CA and not data.get(CONF_CA_FILE):
        raise Problem(CONF_CA_FILE, "ca_file_missing")
    if data.get(CONF_EVENT_PORT) and not data.get(CONF_USE_GIVEN_ADDRESS):
        raise Problem(CONF_EVENT_PORT, "invalid_event_port")
    secondary = data.get(CONF_SECONDARY_URL)
    if secondary and secondary.rstrip("/") == data[CONF_URL].rstrip("/"):
        raise Problem(CONF_SECONDARY_URL, "secondary_same")


def _check_url(kind: str, url: str) -> None:
    scheme, found, _ = url.partition("://")
    if not found:
        example = f"{'mqtts' if kind == KIND_BRIDGE else 'https'}://{url.lstrip('/')}"
        raise Problem(CONF_URL, "url_no_scheme", example=example)
    known = SCHEMES if kind == KIND_BRIDGE else ("http", "https")
    if scheme.lower() not in known:
        key = "url_wrong_scheme_broker" if kind == KIND_BRIDGE else "url_wrong_scheme"
        raise Problem(CONF_URL, "is_bridge" if scheme.lower() in SCHEMES else key, scheme=scheme[:20])
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Problem(CONF_URL, "invalid_url") from None
    if parts.username is not None or parts.password is not None:
        raise Problem(CONF_URL, "url_userinfo")
    if parts.query or parts.fragment:
        raise Problem(CONF_URL, "url_query")
    if kind == KIND_BRIDGE:
        return
    if kind in ISTRA_KINDS and "/api/rest" in parts.path:
        raise Problem(CONF_URL, "is_o2g", host=parts.hostname or "")
    if kind not in ISTRA_KINDS and "/restletrouter" in parts.path:
        raise Problem(CONF_URL, "is_istra", host=parts.hostname or "")


def _check_bridge(data: Mapping[str, Any]) -> None:
    if not data.get(CONF_URL):
        raise Problem(CONF_URL, "url_missing")
    _check_url(KIND_BRIDGE, data[CONF_URL])
    # A whole address, as the command line takes it, is taken here as well.
    there, name = levels_of(data[CONF_URL]), data.get(CONF_SYSTEM_NAME, "")
    if not there and not name:
        raise Problem(CONF_SYSTEM_NAME, "system_name_missing")
    if there and name:
        raise Problem(CONF_SYSTEM_NAME, "system_name_twice")
    for field in (CONF_SYSTEM_NAME, CONF_TOPIC_PREFIX):
        if any(letter in data.get(field, "") for letter in "+#$\0"):
            raise Problem(field, "not_in_a_topic")
    if data.get(CONF_TLS) == TLS_OWN_CA and not data.get(CONF_CA_FILE):
        raise Problem(CONF_CA_FILE, "ca_file_missing")
    if data.get(CONF_CLIENT_KEY) and not data.get(CONF_CLIENT_CERTIFICATE):
        raise Problem(CONF_CLIENT_CERTIFICATE, "client_certificate_missing")
    if data[CONF_URL].lower().startswith("mqtt:"):
        if data.get(CONF_TLS) == TLS_OWN_CA:
            raise Problem(CONF_CA_FILE, "own_ca_needs_mqtts")
        if data.get(CONF_CLIENT_CERTIFICATE):
            raise Problem(CONF_CLIENT_CERTIFICATE, "client_certificate_needs_mqtts")


async def async_validate(hass: HomeAssistant, data: Mapping[str, Any]) -> Probe:
    """Test the connection, for all flows. Raises ``Problem``."""
    kind = data[CONF_KIND]
    if kind != KIND_DEMO:
        check_typed(data)
    try:
        found = await async_probe(hass, data)
    except PbxError as err:
        if _may_be_the_wrong_address(err) and kind != KIND_DEMO:
            raise await _async_looked(hass, data, err) from err
        raise problem_of(data, err) from err
    except Exception as err:
        _LOGGER.exception("Unexpected error while testing the connection")
        raise Problem("base", "unknown") from err
    if kind not in (*ISTRA_KINDS, KIND_BRIDGE) and found.info.administrator is (kind == KIND_USER):
        key = "is_administrator" if found.info.administrator else "not_administrator"
        raise Problem(CONF_USERNAME, key, username=data[CONF_USERNAME])
    return found


def problem_of(data: Mapping[str, Any], err: PbxError) -> Problem:
    """Return what a form shows for an error of the client."""
    kind = data[CONF_KIND]
    words = placeholders_of(err) | {"host": urlsplit(data.get(CONF_URL, "")).hostname or ""}
    if isinstance(err, InvalidInput):
        field = err.field if err.field in _FIELD_ERRORS else "base"
        key = _FIELD_ERRORS.get(field, "invalid_input")
        path = data.get(CONF_CLIENT_CERTIFICATE if field == CONF_CLIENT_CERTIFICATE else CONF_CA_FILE, "")
        return Problem(field, key, **words | {"path": str(path)})
    if isinstance(err, CertificateFailed):
        host = urlsplit(err.where or "").hostname or words["host"]
        return Problem("base", "certificate", untrusted=err.where, **words | {"host": host})
    field, key = "base", error_key(err)
    if kind == KIND_BRIDGE:
        words |= {"name": levels_of(whole_address(data))[-1]}
        if isinstance(err, ConnectionFailed):
            field, key = _BROKER_ERRORS.get(err.reason, (field, key))
        elif isinstance(err, AuthenticationFailed):
            key = "broker_refuses"
        elif isinstance(err, NotAllowed):
            key = "broker_forbids"
        return Problem(field, key, **words)
    if kind in ISTRA_KINDS:
        if isinstance(err, TwoStepRequired):
            return Problem(field, "two_step", second=err, **words)
        if isinstance(err, NotAllowed):
            field, key = CONF_USERNAME, "extension_forbidden"
        elif isinstance(err, AuthenticationFailed) and kind == KIND_MYRCC:
            # The server does not say which of the three is wrong.
            key = "invalid_auth_enterprise"
        elif isinstance(err, NotReady):
            key = "telephony_down"
    return Problem(field, key, **words)


def _may_be_the_wrong_address(err: PbxError) -> bool:
    """Whether it may be something else that answers at the address."""
    if isinstance(err, ConnectionFailed) and err.reason:
        return False  # the client knows what it is
    return isinstance(err, ConnectionFailed | NotFound) and not isinstance(err, CertificateFailed | EventsLate)


async def _async_looked(hass: HomeAssistant, data: Mapping[str, Any], err: PbxError) -> Problem:
    """Return what a form shows where the system was not reached: what is there instead."""
    url = data[CONF_URL]
    found = await async_look(hass, url)
    expected = Found.ISTRA if data[CONF_KIND] in ISTRA_KINDS else Found.O2G
    if found is expected:
        # It is the right address, so it is something else that fails.
        return problem_of(data, err)
    parts = urlsplit(url)
    field = "base" if found is Found.NOTHING else CONF_URL
    host = parts.hostname or ""
    return Problem(field, found.value, host=f"{host}:{parts.port}" if parts.port else host)
