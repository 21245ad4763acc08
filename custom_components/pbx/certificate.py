"""The certificate that a server shows, for someone to compare before it is trusted."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from homeassistant.core import HomeAssistant

from .aiopbx import fingerprint_of

_PATIENCE: Final = 10.0
"""Seconds that a server has to show its certificate."""
_LONGEST: Final = 80
"""Characters of a name in a certificate that are shown: it may be anyone's."""


@dataclass(frozen=True, kw_only=True)
class ShownCertificate:
    """A certificate as it is shown to people."""

    host: str
    fingerprint: str
    """SHA-256, in pairs of digits."""
    subject: str
    issuer: str
    starts: str
    ends: str


def unverified_context() -> ssl.SSLContext:
    """Return a context that trusts everyone: for looking at a server only, before anything is said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def async_shown_certificate(hass: HomeAssistant, url: str) -> ShownCertificate | None:
    """Return the certificate that the server at an address shows; None where there is none to be had.

    Nothing is sent over this connection besides the handshake.
    """
    parts = urlsplit(url)
    context = await hass.async_add_executor_job(unverified_context)
    try:
        async with asyncio.timeout(_PATIENCE):
            port = parts.port or (8883 if parts.scheme == "mqtts" else 443)
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    except OSError, TimeoutError, ValueError:
        return None
    try:
        raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return await hass.async_add_executor_job(describe, raw, parts.hostname or "")


def describe(raw: bytes, host: str) -> ShownCertificate:
    """Return a certificate (DER) as it is shown. One that cannot be read has a fingerprint all the same."""
    try:
        certificate = x509.load_der_x509_certificate(raw)
        subject, issuer = _name(certificate.subject), _name(certificate.issuer)
        starts_on, ends_on = _day(certificate.not_valid_before_utc), _day(certificate.not_valid_after_utc)
    except ValueError, TypeError:
        subject = issuer = starts_on = ends_on = "?"
    return ShownCertificate(
        host=host, fingerprint=fingerprint_of(raw), subject=subject, issuer=issuer, starts=starts_on, ends=ends_on
    )


def _name(name: x509.Name) -> str:
    """Return whose a name is: without what could format the text that it is shown in."""
    found = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in name.get_attributes_for_oid(oid)
    ]
    text = "".join(letter for letter in ", ".join(found) if letter.isalnum() or letter in " .,-:@")
    return text[:_LONGEST].strip() or "?"


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
