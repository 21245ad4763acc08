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
from .client import Probe, async_probe
from .const import (
    CONF_CA_FILE,
    CONF_ENTERPRISE,
    CONF_EVENT_PORT,
    CONF_KIND,
    CONF_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_TLS,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
    CONF_USERNAME,
    ISTRA_KINDS,
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
        raise Problem(CONF_URL, "url_no_scheme", example=f"https://{url.lstrip('/')}")
    # Behind a bridge an account of O2G is one of the broker's.
    known = {"http", "https"} if kind in ISTRA_KINDS else {"http", "https", "mqtt", "mqtts"}
    if scheme.lower() not in known:
        raise Problem(CONF_URL, "url_wrong_scheme", scheme=scheme[:20])
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Problem(CONF_URL, "invalid_url") from None
    if parts.username is not None or parts.password is not None:
        raise Problem(CONF_URL, "url_userinfo")
    if parts.query or parts.fragment:
        raise Problem(CONF_URL, "url_query")
    if kind in ISTRA_KINDS and "/api/rest" in parts.path:
        raise Problem(CONF_URL, "is_o2g", host=parts.hostname or "")
    if kind not in ISTRA_KINDS and "/restletrouter" in parts.path:
        raise Problem(CONF_URL, "is_istra", host=parts.hostname or "")


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
    if kind not in ISTRA_KINDS and found.info.administrator is (kind == KIND_USER):
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
        return Problem(field, key, **words | {"path": str(data.get(CONF_CA_FILE, ""))})
    if isinstance(err, CertificateFailed):
        host = urlsplit(err.where or "").hostname or words["host"]
        return Problem("base", "certificate", untrusted=err.where, **words | {"host": host})
    field, key = "base", error_key(err)
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
