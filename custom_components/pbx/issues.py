"""What someone should mend soon: links that are down, what ends soon, what is full. Issues go by themselves."""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from homeassistant.core import Event as HassEvent, HomeAssistant, callback
from homeassistant.helpers import entity_platform, entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .aiopbx import (
    CtiLink,
    Event,
    Feature,
    LicenceExpiring,
    NodeChanged,
    NotAllowed,
    NotSupported,
    PbxError,
    Status,
    TwinLinkChanged,
)
from .const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import PbxConfigEntry, PbxCoordinator

_LOGGER = logging.getLogger(__name__)

LICENCE_DAYS: Final = 30
"""How many days before its end a licence is a matter for someone."""
CERTIFICATE_DAYS: Final = 21
READ_EVERY: Final = timedelta(hours=1)
"""How often nodes and licences are read: what is in use of a licence is never pushed."""
# Seconds that a server may take for its certificate.
_HANDSHAKE: Final = 10.0


# How many enabled entities Home Assistant takes from one entry; None where its version has no such limit.
ENTITY_LIMIT: int | None = getattr(entity_platform, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", None)


class Issue(NamedTuple):
    """Something to mend: what it is, what it is about where there can be several, and what its texts say."""

    key: str
    about: str = ""
    placeholders: tuple[tuple[str, str], ...] = ()
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING


NO_LICENCE: Final = "no_licence"


@callback
def async_settle_licence_issue(hass: HomeAssistant, entry: PbxConfigEntry, error: PbxError | None) -> None:
    """Show that a session was refused for want of a licence; or no longer, after any other outcome."""
    issue = f"{NO_LICENCE}_{entry.entry_id}"
    if not isinstance(error, (NotAllowed, NotSupported)):
        ir.async_delete_issue(hass, DOMAIN, issue)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=NO_LICENCE,
        translation_placeholders={"title": entry.title, "message": str(error)},
    )


async def async_certificate_end(url: str) -> datetime | None:
    """Return when the certificate of a server ends; None without one, and where it cannot be had now."""
    parts = urlsplit(url)
    port = {"https": 443, "mqtts": 8883}.get(parts.scheme)
    if port is None or parts.hostname is None:
        return None
    loop = asyncio.get_running_loop()
    # Whether it is to be trusted was decided when the client connected; here it is only read.
    context = await loop.run_in_executor(None, _unverified)
    try:
        async with asyncio.timeout(_HANDSHAKE):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or port, ssl=context, server_hostname=parts.hostname
            )
    except (OSError, TimeoutError) as err:
        _LOGGER.debug("The certificate of the server cannot be read: %s", err)
        return None
    try:
        encoded = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return x509.load_der_x509_certificate(encoded).not_valid_after_utc


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class PbxIssues:
    """Keeps the issues of a connected PBX as they are true: looked at with every event that may change one."""

    def __init__(self, coordinator: PbxCoordinator) -> None:
        """Watch from now on, until the entry is unloaded."""
        self._coordinator = coordinator
        self._shown: set[str] = set()
        self._certificate: datetime | None = None
        self._licence_end: int | None = None
        self._full = False
        entry = coordinator.config_entry
        if ENTITY_LIMIT is not None:
            entry.async_on_unload(
                coordinator.hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._count_entities)
            )
            self._full = self._enabled() >= ENTITY_LIMIT
        entry.async_on_unload(
            coordinator.pbx.subscribe(self._on_event, kind=(NodeChanged, TwinLinkChanged, LicenceExpiring))
        )
        entry.async_on_unload(coordinator.async_add_listener(self.update))
        entry.async_on_unload(async_track_time_interval(coordinator.hass, self.async_read, READ_EVERY))
        entry.async_on_unload(self._forget)
        entry.async_create_background_task(coordinator.hass, self.async_read(), "read licences and certificate")

    async def async_read(self, _now: datetime | None = None) -> None:
        """Read again what no event says: licences, and the certificate."""
        coordinator = self._coordinator
        pbx = coordinator.pbx
        if pbx.status is not Status.ONLINE:
            return
        if Feature.NODES in pbx.features:
            try:
                await pbx.nodes.refresh()
            except PbxError as err:
                _LOGGER.debug("Nodes and licences of %s cannot be read: %s", coordinator.name, err)
            else:
                self._licence_end = None
        self._certificate = await async_certificate_end(pbx.info.url)
        coordinator.async_notify_system()
        self.update()

    @callback
    def _on_event(self, event: NodeChanged | TwinLinkChanged | LicenceExpiring | Event) -> None:
        if isinstance(event, LicenceExpiring):
            self._licence_end = event.days
        self._coordinator.async_notify_system()
        self.update()

    def _enabled(self) -> int:
        registry = er.async_get(self._coordinator.hass)
        return registry.entities.get_enabled_count_for_config_entry_id(self._coordinator.config_entry.entry_id)

    @callback
    def _count_entities(self, _event: HassEvent[Any]) -> None:
        """Look whether Home Assistant takes more. It is asked with every entity that comes or goes, and cheap."""
        assert ENTITY_LIMIT is not None
        if self._full is not (self._enabled() >= ENTITY_LIMIT):
            self._full = not self._full
            self.update()

    def _there(self) -> Iterator[Issue]:
        """Return what is to be mended now."""
        pbx, title = self._coordinator.pbx, ("title", self._coordinator.name)
        today = dt_util.now()
        if pbx.status is Status.ONLINE and pbx.info.server == "secondary":
            yield Issue("secondary_in_use", placeholders=(title, ("url", pbx.info.url)))
        for node in pbx.nodes.values():
            called = ("node", node.name or node.id)
            if node.link is CtiLink.DOWN:
                yield Issue("link_down", node.id, (title, called), ir.IssueSeverity.ERROR)
            if node.management_link is False:
                yield Issue("management_link_down", node.id, (title, called))
        if self._full:
            yield Issue("too_many_entities", placeholders=(title, ("limit", str(ENTITY_LIMIT))))
        if pbx.nodes.snapshot.twin_connected is False:
            yield Issue("twin_link_down", placeholders=(title,))
        ends = [(one.expires - today.date()).days for one in pbx.nodes.licences if one.expires is not None]
        if self._licence_end is not None:
            ends.append(self._licence_end)
        if ends and min(ends) <= LICENCE_DAYS:
            left = min(ends)
            day = (today.date() + timedelta(days=left)).isoformat()
            key = "licence_ends" if left >= 0 else "licence_ended"
            yield Issue(key, placeholders=(title, ("date", day), ("days", str(abs(left)))))
        if self._certificate is not None and self._certificate - today <= timedelta(days=CERTIFICATE_DAYS):
            yield Issue("certificate_ends", placeholders=(title, ("date", self._certificate.date().isoformat())))

    @callback
    def update(self) -> None:
        """Show what is to be mended, and no longer what is not."""
        coordinator, there = self._coordinator, set()
        for issue in self._there():
            id_ = "_".join(filter(None, (issue.key, coordinator.config_entry.entry_id, issue.about)))
            there.add(id_)
            ir.async_create_issue(
                coordinator.hass,
                DOMAIN,
                id_,
                is_fixable=False,
                severity=issue.severity,
                translation_key=issue.key,
                translation_placeholders=dict(issue.placeholders),
            )
        for id_ in self._shown - there:
            ir.async_delete_issue(coordinator.hass, DOMAIN, id_)
        self._shown = there

    @callback
    def _forget(self) -> None:
        """Show nothing of an entry that is not loaded: no one would know when it is mended."""
        for id_ in self._shown:
            ir.async_delete_issue(self._coordinator.hass, DOMAIN, id_)
        self._shown = set()
