"""The maintenance service: the state of the server and its nodes, and its licences."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ....o2g.types import maintenance as wire
from ....o2g.types.base import O2gEvent
from ...switch.changes import NodeChange
from ...switch.nodes import DOWN, Node
from .context import Context, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter
from .sessions import iso

if TYPE_CHECKING:
    from multidict import MultiMapping

    from ...clock import TimerHandle
    from .server import O2gServer

PACKAGE: Final = "system"
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
VERSION: Final = "2.7"
WARNED_BEFORE: Final = 30
"""The alarm starts this many days before the licences end,"""
WARNED_AFTER: Final = 20
"""and lasts until this many days after."""


def event(change: NodeChange) -> O2gEvent:
    """Return the event for a change of a node."""
    if change.kind == "link_down":
        return wire.OnCtiLinkDown(node_id=change.node)
    if change.kind == "link_up":
        return wire.OnCtiLinkUp(node_id=change.node)
    return wire.OnPbxLoaded(node_id=change.node)


def expiration(days: int) -> wire.OnLicenseExpiration:
    """Return the event for the end of the licences, ``days`` from now; negative if it is over."""
    if days > 0:
        message = f"The licences end in {days} days." if days != 1 else "The licences end tomorrow."
    elif days == 0:
        message = "The licences end today."
    else:
        message = f"The licences ended {-days} days ago." if days != -1 else "The licences ended yesterday."
    return wire.OnLicenseExpiration(message=message, nb_days=days)


class LicenceAlarm:
    """Sends an alarm at the start and once a day while the end of the licences is near or just past."""

    def __init__(self, server: "O2gServer") -> None:
        """Create it; it is silent before ``start``."""
        self._server = server
        self._timer: TimerHandle | None = None

    def start(self) -> None:
        """Check now, and at the beginning of every day."""
        if self._server.settings.licence_expiration is not None:
            self._look()

    def stop(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        ends = self._server.settings.licence_expiration
        assert ends is not None
        now = self._server.clock.utc()
        days = (ends - now.date()).days
        if -WARNED_AFTER <= days <= WARNED_BEFORE and not self._server.standby:
            self._server.subscriptions.publish(PACKAGE, None, expiration(days))
        if days >= -WARNED_AFTER:
            tomorrow = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
            self._timer = self._server.clock.call_later((tomorrow - now).total_seconds(), self._look)
        else:
            self._timer = None


def licence(server: "O2gServer", query: "MultiMapping[str]") -> None:
    """``GET /system/licenses``: whether there is a licence of this name. It also works without a session."""
    wanted = query.get("lic", "").strip()
    if not wanted:
        raise bad_parameter("lic", "must name a licence, such as ROXE_API_TELEPHONY_ADVANCED")
    name = server.licences.find(wanted)
    if name is None:
        raise bad_parameter("lic", f"there is no kind of licence {wanted!r}")
    if not server.licences.installed(name):
        raise Refusal(NOT_FOUND, f"lic: no licence {wanted} is installed.", status=403)
    ends = server.settings.licence_expiration
    if ends is not None and (server.clock.utc().date() - ends).days > WARNED_AFTER:
        raise Refusal(NOT_FOUND, f"lic: the licence {wanted} has expired.", status=403)


def status(ctx: Context) -> wire.SystemStatus:
    """``GET /system/status``."""
    server, origin = ctx.server, ctx.origin
    ends = server.settings.licence_expiration
    pair = server.settings.ha
    names = ("primary", "secondary") if server.name == "primary" else ("secondary", "primary")
    return wire.SystemStatus(
        logical_address=wire.ServerAddress(fqdn=origin.hostname),
        start_date=iso(server.started),
        ha=pair,
        primary=f"{names[0]}.o2g.example.com" if pair else None,
        primary_version=VERSION if pair else None,
        secondary=f"{names[1]}.o2g.example.com" if pair else None,
        secondary_version=VERSION if pair else None,
        pbxs=tuple(_node(ctx, node) for node in ctx.switch.nodes.all()),
        license=wire.LicenseStatus(
            lics=tuple(
                wire.License(
                    name=item.name,
                    total=item.total,
                    current_used=item.used,
                    expiration=day(ends) if ends is not None else None,
                )
                for item in server.licences.all()
            ),
            context="",
            current_server="flexlm.example.com",
            status="NORMAL",
            status_message="",
        ),
        configuration_type=wire.ConfigurationTypeDTO.FULL_SERVICES,
    )


def day(ends: date) -> str:
    """Return a day as licences name it, whatever language the server speaks."""
    return f"{ends.day:02}-{_MONTHS[ends.month - 1]}-{ends.year}"


def _node(ctx: Context, node: Node) -> wire.PbxStatus:
    users = [user.login for user in ctx.switch.users.values() if user.node == node.id]
    monitored = ctx.server.subscriptions.supervised("TELEPHONY_ADVANCED") & set(users)
    return wire.PbxStatus(
        name=f"pbx-{node.id}",
        node_id=int(node.id),
        main_address=wire.ServerAddress(fqdn=f"pbx-{node.id}.example.com", ip="192.0.2.10"),
        secondary_address=wire.ServerAddress(fqdn=f"pbx-{node.id}-b.example.com", ip="192.0.2.11"),
        version="M5.204",
        connected=node.link != DOWN,
        loaded=node.loaded,
        cti_link_state=wire.CTILinkState(node.link),
        secured=ctx.origin.scheme == "https",
        monitored_user_number=len(monitored),
    )


ROUTES: Final = (
    Route("GET", "/system/licenses", licence, without_session=True),
    Route("GET", "/system/status", status, administrators=True),
)
