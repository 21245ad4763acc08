"""What answers at an address where the telephone system that was expected does not: for an error that says so.

Nothing that was typed is sent: a TLS handshake, and requests without a name or a password.
"""

import asyncio
import ssl
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .bridge_address import SCHEMES
from .certificate import unverified_context

_PATIENCE: Final = 5.0
_PORTS: Final = {"https": 443, "http": 80, "mqtts": 8883, "mqtt": 1883}
_O2G: Final = "/api/rest"
_ISTRA: Final = "/restletrouter/v1/service/Login"
_MOST: Final = 20_000
"""Bytes of an answer that are looked at."""


class Found(StrEnum):
    """What is there; the value is the key of the error."""

    NOTHING = "cannot_connect"
    TLS = "speaks_https"
    PLAIN = "speaks_http"
    O2G = "is_o2g"
    ISTRA = "is_istra"
    OTHER = "not_a_pbx"
    MQTTS = "speaks_mqtts"
    MQTT = "speaks_mqtt"
    NO_BROKER = "no_broker"


async def async_look(hass: HomeAssistant, url: str) -> Found:
    """Return what answers at an address."""
    parts = urlsplit(url)
    secure = parts.scheme in ("https", "mqtts")
    port = parts.port or _PORTS[parts.scheme]
    context = await hass.async_add_executor_job(unverified_context)
    spoken = await _async_spoken(parts.hostname or "", port, context)
    if spoken is None:
        return Found.NOTHING
    if parts.scheme in SCHEMES:
        if spoken != secure:
            return Found.MQTTS if spoken else Found.MQTT
        return Found.NO_BROKER
    if spoken != secure:
        return Found.TLS if spoken else Found.PLAIN
    root = f"{parts.scheme}://{parts.netloc}"
    if b'"versions"' in await _async_get(hass, root + _O2G, context, {200}):
        return Found.O2G
    # A platform that knows this path says that the method or the login is wrong, and not that there is no such thing.
    if await _async_get(hass, root + _ISTRA, context, {200, 400, 401, 403, 405}):
        return Found.ISTRA
    return Found.OTHER


async def _async_spoken(host: str, port: int, context: ssl.SSLContext) -> bool | None:
    """Return whether TLS is spoken at a port; None where nothing is to be reached."""
    for tls in (context, None):
        try:
            async with asyncio.timeout(_PATIENCE):
                _, writer = await asyncio.open_connection(host, port, ssl=tls)
        except OSError, TimeoutError, ValueError:
            continue
        writer.close()
        return tls is not None
    return None


async def _async_get(hass: HomeAssistant, url: str, context: ssl.SSLContext, good: set[int]) -> bytes:
    """Return the beginning of an answer with one of these statuses, and at least a letter; nothing for any other."""
    try:
        async with async_get_clientsession(hass).get(
            url, ssl=context, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=_PATIENCE), cookies={}
        ) as answer:
            if answer.status not in good:
                return b""
            return await answer.content.read(_MOST) or b"-"
    except aiohttp.ClientError, TimeoutError, ValueError:
        return b""
