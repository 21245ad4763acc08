"""The maintenance service: the state of the server and its nodes, and its licences."""

from collections.abc import Callable
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
    return _EVENTS[change.kind](node_id=change.node)


_EVENTS: Final[dict[str, Callable[..., O2gEvent]]] = {
    "link_down": wire.OnCtiLinkDown,
    "link_up": wire.OnCtiLinkUp,
    "loaded": wire.OnPbxLoaded,
    "management_link_down": wire.OnPbxLinkDown,
    "management_link_up": wire.OnPbxLinkUp,
}


def twin(host: str, connected: bool) -> O2gEvent:
    """Return the event for the link to the other server of the pair."""
    return wire.OnRemoteServerLinkUp(host=host) if connected else wire.OnRemoteServerLinkDown(host=host)


def host_of(name: str) -> str:
    """Return the name of a server of the pair."""
    return f"{name}.o2g.example.com"


def announce_start(server: "O2gServer") -> None:
    """Send the event for a server that has started. Only webhooks can be there to receive it."""
    server.subscriptions.publish(PACKAGE, None, wire.OnServerStart(server_id=host_of(server.name)))


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
        raise bad_parameter("lic", "must name a licence, such as ROXE_API_TEL_ADVANCED")
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
    works = not server.faults.licence_server_down
    names = ("primary", "secondary") if server.name == "primary" else ("secondary", "primary")
    return wire.SystemStatus(
        logical_address=wire.ServerAddress(fqdn=origin.hostname),
        start_date=iso(server.started),
        ha=pair,
        primary=host_of(names[0]) if pair else origin.hostname,
        primary_version=VERSION,
        primary_services_status=_services(pair),
        secondary=host_of(names[1]) if pair else None,
        secondary_version=VERSION if pair else None,
        secondary_services_status=_services(pair) if pair else None,
        pbxs=tuple(_node(ctx, node) for node in ctx.switch.nodes.all()),
        license=wire.LicenseStatus(
            lics=tuple(
                wire.License(
                    name=item.name,
                    total=item.total,
                    current_used=item.used,
                    expiration=day(ends) if ends is not None else None,
                    application=True,
                )
                for item in server.licences.all()
            ),
            type=wire.LicenseType.FLEXLM,
            context="",
            current_server="flexlm.example.com",
            status="NORMAL" if works else "PANIC",
            status_message="" if works else "The licence server does not answer.",
        ),
        system_resources=wire.ServerAddress(fqdn=origin.hostname),
        configuration_type=wire.ConfigurationTypeDTO.FULL_SERVICES,
        application_id="",
        subscriber_filter=wire.SubscriberFilter.ALL,
        recording_status=wire.RecordingSystemStatus(),
        tcollected=False,
        call_center_features_active=any(user.agent is not None for user in ctx.switch.users.values()),
    )


def _services(pair: bool) -> wire.SystemServiceStatus:
    """Return the processes of a server."""
    names = ("apache", "flexlm", "postgresql", "tomcat")
    return wire.SystemServiceStatus(
        services=tuple(wire.ServiceStatus(name=name, status="STARTED") for name in names),
        global_ip_address="192.0.2.1" if pair else "",
        drbd="Connected" if pair else "",
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
        lms_connection_status=not ctx.server.faults.licence_server_down,
    )


ROUTES: Final = (
    Route("GET", "/system/licenses", licence, without_session=True),
    Route("GET", "/system/status", status, administrators=True),
)
