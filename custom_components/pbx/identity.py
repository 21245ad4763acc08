"""Which system an entry is about, whatever address leads to it: one PBX under two names is one entry.

An O2G server says by which hosts it knows itself, and an administrator is also told the two servers of a pair. An Istra
platform says nothing of itself, but numbers its extensions and terminals: those of the same account with the same ids,
numbers and names are the same. What was found is kept in the entry, because the PBX may be away when the next one is
added.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .aiopbx import AvailableLine, Pbx, PbxError
from .const import (
    CONF_ENTERPRISE,
    CONF_IDENTITY,
    CONF_KIND,
    CONF_SECONDARY_URL,
    CONF_URL,
    CONF_USERNAME,
    DOMAIN,
    ISTRA_KINDS,
    KIND_BRIDGE,
    KIND_DEMO,
)

MINOR_VERSION: Final = 2
"""Since 2, devices and entities have ids of the PBX's, and not of the entry's."""

# How many marks of the lines of a platform are kept: lines come and go, and some of these stay.
_MARKS: Final = 8


_PORTS: Final = {"http": 80, "mqtt": 1883, "mqtts": 8883}


def base_of(entry: ConfigEntry[Any]) -> str:
    """Return what the ids of an entry's devices and entities begin with."""
    return entry.unique_id or entry.entry_id


async def async_identity(pbx: Pbx, data: Mapping[str, Any], lines: Iterable[AvailableLine]) -> list[str]:
    """Return by what a connected system is known again; the first is what its entry is named after."""
    if data[CONF_KIND] == KIND_DEMO:
        return []
    if data[CONF_KIND] in ISTRA_KINDS:
        return _marks(lines)
    if data[CONF_KIND] == KIND_BRIDGE:
        # Whose telephone system it is, a bridge says on no topic: it is known by its name on its broker.
        return [_site(data[CONF_URL])]
    sites = list(pbx.info.sites)
    sites += [_site(data[key]) for key in (CONF_URL, CONF_SECONDARY_URL) if data.get(key)]
    nodes = pbx.nodes.snapshot
    if pbx.info.administrator and nodes.primary is None:
        # Not every administrator may look at the system; what the server said at the login has to do then.
        with suppress(PbxError):
            nodes = await pbx.nodes.refresh()
    sites += [name.lower() for name in (nodes.primary, nodes.secondary) if name and not _is_loopback(name)]
    return list(dict.fromkeys(sites))


def unique_id_of(data: Mapping[str, Any], identity: Iterable[str]) -> str:
    """Return the unique id of a new entry: the system and the account on it, and on Istra the interface."""
    if data[CONF_KIND] in ISTRA_KINDS:
        parts = (data[CONF_KIND], _site(data[CONF_URL]), data.get(CONF_ENTERPRISE), data[CONF_USERNAME])
        return "|".join(part for part in parts if part)
    return f"{next(iter(identity), None) or _site(data[CONF_URL])}_{data[CONF_USERNAME]}"


@callback
def find_same(
    hass: HomeAssistant, data: Mapping[str, Any], identity: Iterable[str], *, but: str | None = None
) -> ConfigEntry[Any] | None:
    """Return the entry of the same account on the same system, if there is one besides ``but``."""
    wanted, account = _known({**data, CONF_IDENTITY: identity}), _account(data)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.entry_id == but or entry.data[CONF_KIND] == KIND_DEMO or _account(entry.data) != account:
            continue
        if wanted & _known(entry.data):
            return entry
    return None


@callback
def is_same(entry: ConfigEntry[Any], data: Mapping[str, Any], identity: Iterable[str]) -> bool:
    """Whether what was found is what an entry is about: the same account on the same system."""
    wanted = _known({**data, CONF_IDENTITY: identity})
    return _account(entry.data) == _account(data) and bool(wanted & _known(entry.data))


@callback
def async_rename(hass: HomeAssistant, entry: ConfigEntry[Any], old: str, new: str) -> None:
    """Give the devices and entities of an entry ids that begin with another base; their names and settings stay."""
    devices, entities = dr.async_get(hass), er.async_get(hass)

    def renamed(text: str) -> str:
        return new + text[len(old) :] if text == old or text.startswith(f"{old}_") else text

    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        identifiers = {(domain, renamed(text)) for domain, text in device.identifiers}
        if identifiers != device.identifiers:
            devices.async_update_device(device.id, new_identifiers=identifiers)
    for entity in er.async_entries_for_config_entry(entities, entry.entry_id):
        if (unique_id := renamed(entity.unique_id)) != entity.unique_id:
            entities.async_update_entity(entity.entity_id, new_unique_id=unique_id)


async def async_migrate(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Bring an entry of an older version up to date. The PBX may be away: what only it knows is settled later."""
    if entry.version > 1:
        return False
    if entry.minor_version < MINOR_VERSION:
        async_rename(hass, entry, entry.entry_id, base_of(entry))
        # That there is no identity yet is what async_settle_identity goes by.
        data = dict(entry.data) if entry.data[CONF_KIND] == KIND_DEMO else {**entry.data, CONF_IDENTITY: []}
        hass.config_entries.async_update_entry(entry, data=data, minor_version=MINOR_VERSION)
    return True


async def async_settle_identity(hass: HomeAssistant, entry: ConfigEntry[Any], pbx: Pbx) -> None:
    """Keep what the system behind an entry says of itself now.

    An entry from before systems were asked who they are gets the unique id that it would get today, unless another
    entry has it already: then both go on as they are.
    """
    known = entry.data.get(CONF_IDENTITY)
    # To list the lines of a platform takes many requests, so that is done once.
    if entry.data[CONF_KIND] == KIND_DEMO or (known and entry.data[CONF_KIND] in ISTRA_KINDS):
        return
    try:
        lines = await pbx.available_lines() if entry.data[CONF_KIND] in ISTRA_KINDS else ()
    except PbxError:
        return  # the next connection will tell
    identity = await async_identity(pbx, entry.data, lines)
    if identity == known:
        return
    unique_id, old = entry.unique_id, base_of(entry)
    if known == [] and find_same(hass, entry.data, identity, but=entry.entry_id) is None:
        unique_id = unique_id_of(entry.data, identity)
        async_rename(hass, entry, old, unique_id)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_IDENTITY: identity}, unique_id=unique_id)


def _account(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the account that an entry logs in with. On O2G it is the same account whatever it was called here."""
    interface = data[CONF_KIND] if data[CONF_KIND] in (*ISTRA_KINDS, KIND_BRIDGE) else "o2g"
    return interface, data.get(CONF_ENTERPRISE, ""), data.get(CONF_USERNAME, "")


def _known(data: Mapping[str, Any]) -> set[str]:
    """Return by what the system of an entry is known; its addresses alone, where it has not been connected yet."""
    addresses = {_site(data[key]) for key in (CONF_URL, CONF_SECONDARY_URL) if data.get(key)}
    return addresses | set(data.get(CONF_IDENTITY, ()))


def _site(url: str) -> str:
    """Return host and port of an address, as the client writes them."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or _PORTS.get(parts.scheme, 443)
    # One broker has many systems behind it, each by its path.
    path = parts.path.rstrip("/") if parts.scheme.startswith("mqtt") else ""
    return f"[{host}]:{port}{path}" if ":" in host else f"{host}:{port}{path}"


def _is_loopback(name: str) -> bool:
    """Whether every machine has this name or address for itself."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def _marks(lines: Iterable[AvailableLine]) -> list[str]:
    """Return marks of some of the lines, the same ones whichever others there are. No one can read a line in them."""
    marks = sorted(hashlib.sha256(f"{line.id}\n{line.number}\n{line.name}".encode()).hexdigest()[:24] for line in lines)
    return marks[:_MARKS]
