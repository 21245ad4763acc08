"""How to reach an MQTT broker: what people write, checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from .base import Problem

if TYPE_CHECKING:
    from .connection import ConnectionSettings

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
PREFIX: Final = "pbx"
_EXAMPLE: Final = "It is like mqtts://broker.example.com/office, with the name that the bridge gives the PBX."


_NOT_OF_A_BRIDGE: Final = frozenset(
    {"secondary_url", "enterprise", "second_password", "supervised", "network", "use_given_address", "event_port"}
    | {"channel", "webhook", "tunnel", "subscription_timeout", "ping_interval", "trusted_redirects"}
)


def of_a_bridge(values: dict[str, Any]) -> dict[str, Any]:
    """Let an address with ``mqtt:`` or ``mqtts:`` say the system, and do without a login."""
    if is_mqtt(values.get("url")):
        if values.get("system") not in (None, "mqtt"):
            raise Problem("does not go with the address of a broker.", "Leave it out.", field="system")
        values = {**values, "system": "mqtt"}
    if values.get("system") != "mqtt":
        return values
    return {"username": "", "password": "", **values}


def check_bridge(settings: "ConnectionSettings", defaults: Mapping[str, Any]) -> None:
    """Raise a ``Problem`` about what does not go with a bridge."""
    for field in sorted(_NOT_OF_A_BRIDGE):
        if getattr(settings, field) != defaults[field]:
            raise Problem("means nothing to a bridge.", "Leave it out: the bridge has its own.", field=field)
    encrypted = settings.url.startswith("mqtts:")
    for field in ("ca_file", "client_certificate", "client_key"):
        if getattr(settings, field) is not None and not encrypted:
            raise Problem("goes with TLS only.", "Write mqtts: in the url.", field=field)
    if settings.client_key is not None and settings.client_certificate is None:
        raise Problem("is missing, and client_key is given.", "Give both.", field="client_certificate")


def is_mqtt(url: object) -> bool:
    """Whether this is the address of a broker."""
    return isinstance(url, str) and url.strip().lower().partition("://")[0] in PORTS


def split_address(url: str) -> tuple[str, str, int, list[str]]:
    """Take an address apart: scheme, host, port and the levels of its path. Raises ``Problem``."""
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        raise Problem("has no port that there can be.", "It is 1 to 65535, or left out.") from None
    if parts.scheme.lower() not in PORTS or not parts.hostname:
        raise Problem("is no address of a broker.", _EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise Problem("holds a user name or a password.", "Give them as username and password.")
    if parts.query or parts.fragment:
        raise Problem("has something behind its path.", _EXAMPLE)
    levels = [unquote(one) for one in parts.path.split("/") if one]
    if any(letter in one for one in levels for letter in "+#$\0"):
        raise Problem("names a topic with a character that has a meaning of its own there.", "Leave out +, # and $.")
    return parts.scheme.lower(), parts.hostname, port or PORTS[parts.scheme.lower()], levels


def bridge_url(url: str) -> str:
    """Bring the address of a telephone system behind a bridge into its plain form. Raises ``Problem``."""
    scheme, host, port, levels = split_address(url)
    if not levels:
        raise Problem("names no telephone system.", _EXAMPLE)
    if levels[:-1] == [PREFIX]:
        del levels[0]  # as it is without
    if ":" in host:
        host = f"[{host}]"
    shown = host if port == PORTS[scheme] else f"{host}:{port}"
    return f"{scheme}://{shown}/{'/'.join(quote(level, safe='@') for level in levels)}"


def prefix_and_name(url: str) -> tuple[str, str]:
    """The prefix of the topics, and the name of the telephone system."""
    *prefix, name = split_address(url)[3]
    return "/".join(prefix) or PREFIX, name


def name_in(certificate: Path) -> str | None:
    """The common name of a certificate, which a broker takes for its user's; None where it has none. Blocks."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(certificate.expanduser().read_bytes())
        names = found[0].subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return str(names[0].value) if names else None
    except (OSError, ValueError):
        return None  # what is wrong with the file is said where it is used
