"""The call centre in real time: one context a session, and events that hold what has changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from ....o2g.types import real_time as wire
from ....o2g.types.base import O2gEvent, Wire
from ...switch import figures
from .context import Context, Handler, Route
from .refusals import NOT_EXPECTED, NOT_FOUND, Refusal, bad_parameter

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from .server import O2gServer
    from .sessions import Session

SERVICE: Final = ("AcdRealTime", "/acd-now")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""
PACKAGE: Final = "rti"
PERIOD: Final = (15, 60)
OFTENEST: Final = 5
ALL: Final = "ALL"


@dataclass(frozen=True)
class Kind:
    """What there are figures of: how the wire names it, its event, and what belongs to an attribute."""

    table: str
    filters: tuple[str, ...]
    event: type[O2gEvent]
    type: str | None
    """The value of the event's ``type``, if it has one."""


KINDS: Final = (
    Kind("agent", ("agent_filter",), wire.OnAgentRtiChanged, "Normal"),
    Kind("pilot", ("pilot_filter",), wire.OnPilotRtiChanged, None),
    Kind("queue", ("queue_filter",), wire.OnQueueRtiChanged, "Normal"),
    Kind("group", ("pg_agent_filter", "team_filter"), wire.OnPGAgentRtiChanged, "Agent"),
    Kind("other", ("pg_other_filter", "other_pg_filter"), wire.OnPGOtherRtiChanged, "Forward"),
)
_WITH: Final = {"ServiceState": ("ServiceStateDate",), "PhoneState": ("PhoneStateDate",)}
"""Figures that come with others."""
_SPELT: Final = {
    "NBOfPrivateCalls": "nbOfPrivateCalls",
    "NbOfTransferredACDCalls": "nbOfTransferedACDCalls",
}
"""Figures whose field of the event is not spelt as they are."""
_GROUPS: Final = {
    "ServiceLevel": "consolidatedPilotsServiceLevel",
    "Efficiency": "consolidatedPilotsEfficiency",
}


def _field(kind: Kind, figure: str) -> str:
    if kind.table == "group" and figure in _GROUPS:
        return _GROUPS[figure]
    return _SPELT.get(figure, figure[0].lower() + figure[1:])


# -- what there is ----------------------------------------------------------------------------------------------


def _identified(kind: str, ctx_or_server: "Context | O2gServer") -> tuple[wire.RtiObjectIdentifier, ...]:
    switch = ctx_or_server.switch
    found: Iterable[tuple[str, str, str | None]]
    if kind == "agent":
        found = [
            (user.number, user.last_name, user.first_name) for user in switch.users.values() if user.agent is not None
        ]
    elif kind in ("pilot", "queue"):
        found = [(pilot.number, pilot.name, None) for pilot in switch.pilots.values()]
    elif kind == "group":
        found = [(group.number, group.name, None) for group in switch.processing_groups.values()]
    else:
        found = [(number, name, None) for number, name in figures.elsewhere(switch).items()]
    return tuple(
        wire.RtiObjectIdentifier(number=number, name=name, first_name=first, key=key)
        for key, (number, name, first) in enumerate(found, 1)
    )


def everything(ctx: Context) -> wire.RtiObjects:
    """List all that has figures. Each pilot has a queue of its own number."""
    return wire.RtiObjects(
        agents=_identified("agent", ctx),
        pilots=_identified("pilot", ctx),
        queues=_identified("queue", ctx),
        pg_agents=_identified("group", ctx),
        pg_others=_identified("other", ctx),
    )


def _only(name: str) -> Handler:
    def listed(ctx: Context) -> wire.RtiObjects:
        return wire.RtiObjects(**{name: getattr(everything(ctx), name)})

    return listed


# -- contexts ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Watching:
    """The context of a session, and what was sent of each object."""

    context: wire.RtiContext
    timer: "TimerHandle | None" = None
    sent: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)

    def stop(self) -> None:
        """Send nothing more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def _filter(context: wire.RtiContext, kind: Kind) -> Any:
    assert context.filter is not None
    for name in kind.filters:
        found = getattr(context.filter, name)
        if found is not None:
            return found
    return None


def context(ctx: Context) -> wire.RtiContext:
    """Return what is wanted in this session."""
    watching: Watching | None = ctx.session.real_time
    if watching is None:
        raise Refusal(NOT_FOUND, "This session has no context.", status=HTTPStatus.NOT_FOUND)
    return replace(watching.context, active=watching.timer is not None)


def set_context(ctx: Context) -> None:
    """Say what is wanted, in place of what was wanted before. Events begin with the snapshot."""
    body: wire.RtiContext = ctx.body
    if body.obs_period is None or not PERIOD[0] <= body.obs_period <= PERIOD[1]:
        raise bad_parameter("obsPeriod", f"{body.obs_period} is not {PERIOD[0]} to {PERIOD[1]} minutes")
    if body.notif_frequency is None or body.notif_frequency < OFTENEST:
        raise bad_parameter("notifFrequency", f"{body.notif_frequency} is not {OFTENEST} seconds or more")
    if body.filter is None:
        raise bad_parameter("filter", "must say of what: agents, pilots, queues or groups")
    for kind in KINDS:
        wanted = _filter(body, kind)
        if wanted is None:
            continue
        known = {one.number for one in _identified(kind.table, ctx)}
        for number in wanted.numbers:
            if number != "*" and number not in known:
                raise bad_parameter("filter", f"there is no {kind.table} with the number {number}")
        for attribute in wanted.attributes:
            if not attribute.listed:
                raise bad_parameter("filter", f"{attribute!s} is no attribute of a {kind.table}")
    _forget(ctx.session)
    session = ctx.session
    session.real_time = Watching(replace(body, active=None))
    session.at_end["rti"] = lambda: _forget(session)


def delete_context(ctx: Context) -> None:
    """Want nothing any more."""
    _forget(ctx.session)


def _forget(session: "Session") -> None:
    if session.real_time is not None:
        session.real_time.stop()
        session.real_time = None


def snapshot(ctx: Context) -> None:
    """Send everything that is wanted, and from then on what changes."""
    watching: Watching | None = ctx.session.real_time
    if watching is None:
        raise Refusal(NOT_EXPECTED, "This session has no context: set one first.")
    watching.stop()
    watching.sent.clear()
    _send(ctx.server, ctx.session, watching)


def _send(server: "O2gServer", session: "Session", watching: Watching) -> None:
    """Send what differs from what was sent; the next time comes after the frequency of the context."""
    for kind in KINDS:
        wanted = _filter(watching.context, kind)
        if wanted is None:
            continue
        table = figures.TABLES[kind.table](server.switch, watching.context.obs_period or PERIOD[0])
        for one in _identified(kind.table, server):
            number = one.number or ""
            if number not in table or (wanted.numbers and "*" not in wanted.numbers and number not in wanted.numbers):
                continue
            former = watching.sent.get((kind.table, number))
            now = _chosen(kind, table[number], wanted.attributes, former or {})
            changed = {name: value for name, value in now.items() if former is None or former.get(name) != value}
            if changed or former is None:
                watching.sent[kind.table, number] = now
                server.subscriptions.publish(PACKAGE, None, _event(kind, one, changed), session=session)
    seconds = watching.context.notif_frequency or OFTENEST
    watching.timer = server.clock.call_later(seconds, lambda: _send(server, session, watching))


def _chosen(
    kind: Kind, row: figures.Figures, attributes: Iterable[Any], former: dict[str, object]
) -> dict[str, object]:
    """Return the figures that are wanted, by their fields.

    What is not known is left out; what is no more becomes blank, for merging could not take it away.
    """
    names = {str(attribute) for attribute in attributes}
    if names and ALL not in names:
        names |= {more for name in tuple(names) for more in _WITH.get(name, ())}
        row = {name: value for name, value in row.items() if name in names}
    found = {_field(kind, name): value for name, value in row.items()}
    blank: dict[str, object] = {name: 0 if name == "withdrawReason" else "" for name in found}
    return {
        name: blank[name] if value is None else value
        for name, value in found.items()
        if value is not None or name in former
    }


def _event(kind: Kind, one: wire.RtiObjectIdentifier, changed: dict[str, object]) -> O2gEvent:
    identity: dict[str, object] = {"number": one.number, "name": one.name, "afeKey": one.key}
    if one.first_name is not None:
        identity["firstName"] = one.first_name
    if kind.type is not None:
        identity["type"] = kind.type
    known = set(kind.event.__struct_encode_fields__)
    values = {name: value for name, value in changed.items() if name in known}
    return msgspec.convert({"eventName": kind.event.__name__, **identity, **values}, type=kind.event)


def _route(method: str, below: str, handler: Callable[..., Any], body: type[Wire] | None = None) -> Route:
    return Route(method, SERVICE[1] + below, handler, body, licence="centre", administrators=True)


ROUTES: Final = (
    _route("GET", "", everything),
    _route("GET", "/agents", _only("agents")),
    _route("GET", "/pilots", _only("pilots")),
    _route("GET", "/queues", _only("queues")),
    _route("GET", "/pgAgents", _only("pg_agents")),
    _route("GET", "/pgOthers", _only("pg_others")),
    _route("GET", "/ctx", context),
    _route("POST", "/ctx", set_context, wire.RtiContext),
    _route("DELETE", "/ctx", delete_context),
    _route("POST", "/snapshot", snapshot),
)
